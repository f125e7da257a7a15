"""All the ways in which a run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openai import BadRequestError

from threadtrail.testing.server import (
    SCENARIOS,
    Cancelled,
    EndsAs,
    Expired,
    Failed,
    FunctionCall,
    Hangs,
    Incomplete,
    RunScript,
    ToolCalls,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing.server import AssistantsServer


@pytest.mark.parametrize(
    ("end", "status", "step_status", "reason"),
    [
        (Failed(), "failed", "failed", "run_failed"),
        (Expired(), "expired", "expired", "run_expired"),
        (Cancelled(), "cancelled", "cancelled", "run_cancelled"),
        (Incomplete(), "incomplete", "completed", "max_tokens"),
    ],
)
def test_bad_end_leaves_the_last_step_unfinished(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    client: OpenAI,
    server: AssistantsServer,
    assistant_id: str,
    end: Failed | Expired | Cancelled | Incomplete,
    status: str,
    step_status: str,
    reason: str,
) -> None:
    server.script_next(RunScript("First.", "Second is", end=end))
    with client.beta.threads.create_and_run_stream(assistant_id=assistant_id) as stream:
        run = stream.get_final_run()
        message = stream.get_final_messages()[-1]
    assert run.status == status
    assert run.usage is not None
    assert message.status == "incomplete"
    assert message.incomplete_details is not None
    assert message.incomplete_details.reason == reason
    steps = client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc").data
    assert [step.status for step in steps] == ["completed", step_status]


def test_steps_complete_before_a_bad_end_with_finish_steps(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript("All said.", end=Failed(), finish_steps=True))
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    [step] = client.beta.threads.runs.steps.list(run.id, thread_id=thread_id).data
    assert (run.status, step.status) == ("failed", "completed")


def test_rate_limited_run_says_so_in_its_last_error(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(SCENARIOS["rate-limited"])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    assert run.last_error is not None
    assert run.last_error.code == "rate_limit_exceeded"
    assert run.failed_at is not None


def test_incomplete_run_carries_its_reason(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript("Too", end=Incomplete("max_prompt_tokens")))
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    assert run.incomplete_details is not None
    assert run.incomplete_details.reason == "max_prompt_tokens"


def test_status_that_nobody_knows_yet(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript(end=EndsAs("frozen"), polls=1))
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    status: str = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id).status
    assert status == "frozen"


def test_cancel(client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str) -> None:
    server.script_next(RunScript("Never", end=Hangs(), polls=1))
    runs = client.beta.threads.runs
    run = runs.create(thread_id, assistant_id=assistant_id)
    for _ in range(3):
        assert runs.retrieve(run.id, thread_id=thread_id).status == "in_progress"
    assert runs.cancel(run.id, thread_id=thread_id).status == "cancelling"
    ended = runs.retrieve(run.id, thread_id=thread_id)
    assert ended.status == "cancelled"
    assert ended.cancelled_at is not None
    with pytest.raises(BadRequestError, match="Cannot cancel run with status 'cancelled'"):
        runs.cancel(run.id, thread_id=thread_id)


def test_run_that_waits_for_outputs_is_cancelled_and_expires(
    client: OpenAI, server: AssistantsServer, assistant_id: str
) -> None:
    server.script(RunScript(ToolCalls(FunctionCall("f")), polls=1))
    runs = client.beta.threads.runs
    waiting = client.beta.threads.create_and_run_poll(assistant_id=assistant_id)
    cancelling = runs.cancel(waiting.id, thread_id=waiting.thread_id)
    assert cancelling.required_action is None
    assert runs.retrieve(waiting.id, thread_id=waiting.thread_id).status == "cancelled"
    other = client.beta.threads.create_and_run_poll(assistant_id=assistant_id)
    server.expire_run(other.id)
    assert runs.retrieve(other.id, thread_id=other.thread_id).status == "expired"


def test_run_that_does_not_exist_cannot_expire(server: AssistantsServer) -> None:
    with pytest.raises(KeyError, match="run_x"):
        server.expire_run("run_x")
