"""A recording that is made beside a live exporter, and replayed; for the exporters' suites."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openai
import pytest

import exporter_driving
import responses_driving
import threadtrail
from threadtrail import cli
from threadtrail.delivery import lifecycle
from threadtrail.events import Event, RunEnded, TraceEnded, TraceStarted, TurnEnded
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing import samples
from threadtrail.testing.server import Failed, Message, RunScript

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer
    from threadtrail.testing.http_receiver import HttpReceiver

PATIENCE = 120.0
MANY = 600


def live(
    server: AssistantsServer, client: OpenAI, exporter: str, options: Mapping[str, Any], path: Path
) -> tuple[Event, ...]:
    """Run a program that does a bit of everything, with an exporter and a recording; return the latter."""
    exporters = {exporter: dict(options), "jsonl": {"path": path}}
    with threadtrail.instrument(exporters=exporters, settle_seconds=0.0):
        _assistants(server, client)
        _responses(server, client)
        assert threadtrail.flush(PATIENCE)
    events = tuple(read_events(path))
    ends = [event for event in events if isinstance(event, RunEnded)]
    assert any(end.supersedes for end in ends)
    assert any(end.run.called_by for end in ends)
    assert any(end.run.carried for end in ends)
    assert any(end.run.failed for end in ends)
    assert any(end.run.background for end in ends)
    assert len([event for event in events if isinstance(event, TurnEnded)]) == 5
    return events


def _assistants(server: AssistantsServer, client: OpenAI) -> None:
    with threadtrail.trace("lesson", user_id="u1", session_id="s1", tags=["beta"], metadata={"plan": "pro"}):
        server.script_next(exporter_driving.FUNCTION_CALLS)
        exporter_driving.whole_run(client)
        with threadtrail.trace("homework"):
            server.script_next(exporter_driving.FUNCTION_CALLS)
            exporter_driving.whole_run(client, metadata=threadtrail.carrier())
    with pytest.raises(openai.NotFoundError):
        client.beta.threads.runs.create("thread_none", assistant_id="asst_none")


def _responses(server: AssistantsServer, client: OpenAI) -> None:
    responses_driving.with_hosted_tools(server, client)
    responses_driving.in_the_background(server, client)
    responses_driving.with_an_answered_function(server, client)
    with threadtrail.trace("weather"):
        responses_driving.with_an_answered_function(server, client)
    server.script_next(
        RunScript(end=Failed("server_error", "The model is overloaded."), usage=responses_driving.USAGE)
    )
    client.responses.create(**responses_driving.ASK)
    # Published while it waits for an output, which comes later, from the work of another response.
    asking = responses_driving.with_a_function(server, client)
    threadtrail.flush(PATIENCE)
    call_id = asking.output[-1].call_id
    with threadtrail.tool(call_id):
        server.script_next(RunScript(Message("22"), usage=responses_driving.USAGE))
        client.responses.create(model="gpt-4o", input="How warm is it?")
    output: Any = {"type": "function_call_output", "call_id": call_id, "output": "22"}
    client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=[output])
    # Published as unfinished, and once more when it finished.
    server.script_next(RunScript(Message("Done."), usage=responses_driving.USAGE, polls=5))
    response = client.responses.create(**responses_driving.ASK, background=True)
    lifecycle.deliver_all()
    while response.status in {"queued", "in_progress"}:
        response = client.responses.retrieve(response.id)


def replayed(path: Path, exporter: str, *arguments: str, code: int = 0) -> None:
    """Replay the recording, with the options that the environment has."""
    assert cli.main(["replay", str(path), "--exporter", exporter, *arguments]) == code


def many_runs(path: Path) -> None:
    """Write a recording of many runs, every tenth of them in a trace of its own."""
    run = samples.sample_runs()["plain_response"]
    events: list[Event] = []
    for number in range(MANY):
        one = replace(run, id=f"resp_{number}", turn_id=None, session_key=None)
        trace: dict[str, Any] = {"name": "lesson", "trace_id": f"trace_{number}", "time": run.created_at or 0}
        within = number % 10 == 0
        events += [TraceStarted(**trace)] if within else []
        events += samples.events_of(one, trace_id=trace["trace_id"] if within else None)
        events += [TraceEnded(**trace, started_at=trace["time"])] if within else []
    path.write_text("".join(f"{event.to_json()}\n" for event in events), encoding="utf-8")


def killed_and_replayed(
    path: Path, exporter: str, receiver: HttpReceiver, received: Callable[[], Sequence[Any]]
) -> Counter[str]:
    """Kill a replay of many runs in the middle, replay again; return how often each span came.

    Args:
        path: of the recording that is made.
        exporter: its options are in the environment.
        receiver: the backend, without anything yet.
        received: returns the spans that it has received.
    """
    many_runs(path)
    command = [sys.executable, "-m", "threadtrail", "replay", str(path), "--exporter", exporter]
    with subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL) as process:
        receiver.wait_for(lambda: len(received()) > MANY // 5, PATIENCE)
        process.kill()
    assert process.returncode == -9, "it was over before it was killed"
    before = len(received())
    assert before < MANY
    replayed(path, exporter)
    replayed(path, exporter)  # nothing is left to do
    return Counter(span.span_id for span in received())


def check_killed(count: Counter[str], spans_of_each: int) -> None:
    """Check that every run and trace came, and twice only what was under way when the process was killed."""
    assert len(count) == spans_of_each * MANY + MANY // 10, len(count)
    twice = [span_id for span_id, times in count.items() if times > 1]
    assert len(twice) <= 128, "a batch"
    assert set(count.values()) <= {1, 2}
