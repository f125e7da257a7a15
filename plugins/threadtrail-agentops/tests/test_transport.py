"""Delivery: nothing is sent without a token, what can be sent again is, and losses are counted."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from delivery.support import PATIENCE
from exporter_driving import tutor, whole_run
from exporter_programs import run_shared_program

import threadtrail
from agentops_receiver import TOKEN_PATH, TRACES_PATH
from threadtrail._guard import guard
from threadtrail.errors import EventsLostError
from threadtrail.events import RunEnded
from threadtrail.otlp.session import HTTP_HEADERS
from threadtrail.testing import wait_until
from threadtrail.testing.samples import sample_runs
from threadtrail_agentops import AgentOpsExporter, tokens
from threadtrail_agentops.options import Options, resolve
from threadtrail_agentops.sending import Sender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from openai import OpenAI

    from agentops_receiver import Receiver
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.testing import AssistantsServer


def lane() -> LaneStatus:
    return threadtrail.status().exporters["agentops"]


def test_nothing_happens_before_the_first_event(
    receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    before = threading.enumerate()
    traced()
    ours = [each for each in threading.enumerate() if each not in before]
    assert [each.name for each in ours if "agentops" in each.name.lower()] == []
    assert receiver.connections == 0


def test_the_token_comes_first_and_stands_on_each_request(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    for _ in range(3):
        whole_run(client)
        assert threadtrail.flush()
    assert receiver.requests[0].path == TOKEN_PATH
    assert len(receiver.to(TOKEN_PATH)) == 1
    assert {request.status for request in receiver.to(TRACES_PATH)} == {200}
    assert all(each.headers["authorization"].startswith("Bearer ey") for each in receiver.to(TRACES_PATH))


def test_a_late_token_loses_nothing(
    client: OpenAI,
    receiver: Receiver,
    traced: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    strict: None,
) -> None:
    # The first attempt is given up, the second is answered in the end.
    monkeypatch.setattr("threadtrail_agentops.sending.FIRST_TOKEN_TIMEOUT", 0.3)
    monkeypatch.setattr("threadtrail_agentops.session.FIRST_TOKEN_TIMEOUT", 0.3)
    given_up = threading.Event()

    def late() -> int:
        given_up.wait(PATIENCE)
        return 200

    def in_time() -> int:
        given_up.set()
        return 200

    receiver.token_answers = [late, in_time]
    traced()
    whole_run(client)
    assert threadtrail.flush()
    assert len(receiver.named("Math Tutor.session")) == 1
    assert lane().lost == 0
    assert {request.status for request in receiver.to(TRACES_PATH)} == {200}


def test_a_token_endpoint_that_fails_for_a_while_loses_nothing(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    receiver.token_answers = [lambda: 500, lambda: 503]
    traced()
    whole_run(client)
    assert threadtrail.flush()
    assert len(receiver.named("Math Tutor.session")) == 1
    assert len(receiver.to(TOKEN_PATH)) == 3
    assert lane().lost == 0


def test_a_token_that_is_refused_is_renewed_once_and_the_spans_sent_again(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    whole_run(client)
    assert threadtrail.flush()
    receiver.revoke()
    whole_run(client)
    assert threadtrail.flush()
    assert len(receiver.named("Math Tutor.session")) == 2
    assert len({span.span_id for span in receiver.spans}) == len(receiver.spans)
    assert len(receiver.to(TOKEN_PATH)) == 2
    assert lane().lost == 0


def test_a_token_is_renewed_before_it_expires(
    client: OpenAI,
    receiver: Receiver,
    traced: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    strict: None,
) -> None:
    monkeypatch.setattr(tokens, "MIN_USE_SECONDS", 0.0)
    receiver.lifetime_seconds = 0.0  # over as soon as it is given out
    traced()
    tutor(client)
    assert threadtrail.flush()
    tutor(client)
    assert threadtrail.flush()
    assert len(receiver.to(TOKEN_PATH)) >= 2
    assert {request.status for request in receiver.to(TRACES_PATH)} == {200}


def test_a_wrong_key_sends_nothing_asks_once_and_is_counted(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    guard.after_fork_in_child()  # it logs anew
    traced(api_key="99999999-2222-3333-4444-555555555555")
    whole_run(client)
    threadtrail.flush()
    tutor(client)
    threadtrail.flush()
    assert receiver.to(TRACES_PATH) == []
    assert len(receiver.to(TOKEN_PATH)) == 1  # not asked again for half a minute
    assert lane().failed >= 2
    assert "is AGENTOPS_API_KEY right?" in str(lane().last_error)
    warnings = [record for record in caplog.records if "exporter 'agentops', export" in record.message]
    assert len(warnings) == 1
    assert "99999999" not in caplog.text


def test_spans_that_the_backend_refuses_are_counted_and_the_next_go_out(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None]
) -> None:
    receiver.trace_answers = [lambda: 400]
    traced()
    tutor(client)
    threadtrail.flush()
    assert (lane().delivered, lane().failed) == (0, 1)
    assert str(lane().last_error).endswith("AgentOps did not accept 1 of 1 span: HTTP 400 Bad Request")
    tutor(client)
    assert threadtrail.flush()
    assert lane().delivered == 1


def test_the_reason_is_that_of_what_was_lost(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the answer to what was sent later."""
    monkeypatch.setattr("threadtrail_agentops.sending.SPANS_PER_REQUEST", 1)
    receiver.trace_answers = [lambda: 413]
    traced()
    whole_run(client)
    threadtrail.flush()
    assert receiver.to(TRACES_PATH)[-1].status == 200
    error = str(lane().last_error)
    assert re.search(r"did not accept 1 of \d+ spans?: HTTP 413 \w", error), error


def test_a_redirect_is_no_success(client: OpenAI, receiver: Receiver, traced: Callable[..., None]) -> None:
    receiver.trace_answers = [lambda: 302]
    traced()
    tutor(client)
    threadtrail.flush()
    assert str(lane().last_error).endswith("1 of 1 span: HTTP 302 Found, a redirect")


def test_that_nobody_answers_is_told(client: OpenAI, receiver: Receiver, traced: Callable[..., None]) -> None:
    nowhere = "http://127.0.0.1:9/v1/traces"
    traced(exporter_endpoint=nowhere, timeout=2.0)
    tutor(client)
    threadtrail.flush()
    assert str(lane().last_error).endswith(f"span: Nothing answers at {nowhere}: Connection refused")


def test_a_backend_that_is_overloaded_is_asked_again(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    receiver.trace_answers = [lambda: 503]
    traced()
    tutor(client)
    assert threadtrail.flush()
    assert [request.status for request in receiver.to(TRACES_PATH)] == [503, 200]
    assert lane().lost == 0


def test_what_may_have_arrived_is_not_sent_twice(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None]
) -> None:
    receiver.trace_answers = [receiver.hang]
    traced(timeout=0.3)
    tutor(client)
    threadtrail.flush()
    assert lane().failed == 1
    assert str(lane().last_error).endswith(f"{receiver.exporter_endpoint} did not answer in time")
    receiver.released.set()
    receiver.wait_for(lambda: any(each.status is not None for each in receiver.to(TRACES_PATH)))
    assert len(receiver.to(TRACES_PATH)) == 1


@pytest.mark.parametrize("hanging", ["token", "traces"])
def test_the_app_does_not_wait_for_a_backend_that_hangs(
    client: OpenAI,
    receiver: Receiver,
    traced: Callable[..., None],
    hanging: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = receiver.token_answers if hanging == "token" else receiver.trace_answers
    answers.append(receiver.hang)
    monkeypatch.setattr("threadtrail_agentops.session.FIRST_TOKEN_TIMEOUT", 2 * PATIENCE)
    traced(timeout=2 * PATIENCE)
    begun = time.perf_counter()
    for _ in range(5):
        whole_run(client)
    assert time.perf_counter() - begun < PATIENCE
    wait_until(lambda: lane().queued > 0)
    assert not threadtrail.flush(0.2)
    begun = time.perf_counter()
    threadtrail.shutdown(0.5)
    assert time.perf_counter() - begun < PATIENCE
    # What was not handed over yet is counted at once, what is in the exporter's hands is in its hands.
    assert lane().dropped + lane().queued > 0
    receiver.released.set()


def test_variables_of_other_backends_are_not_sent_here(
    client: OpenAI,
    receiver: Receiver,
    traced: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    strict: None,
) -> None:
    secret = "x-vendor-key=secret-of-another,authorization=Basic%20secret-of-another"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", secret)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", secret)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(tmp_path / "nowhere.pem"))
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret-of-another\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    traced()
    whole_run(client)
    assert threadtrail.flush()
    assert receiver.span("Math Tutor.agent").attributes["agentops.entity.input"].startswith("Where is it")
    allowed = {*HTTP_HEADERS, "host", "authorization"}
    for request in receiver.requests:
        assert set(request.headers) <= allowed
        assert "secret-of-another" not in str(request.headers)
    assert all("authorization" not in request.headers for request in receiver.to(TOKEN_PATH))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["refuses", "hangs", "no token"])
def test_the_exit_is_bounded_whatever_the_backend_does(
    server: AssistantsServer, receiver: Receiver, kind: str
) -> None:
    receiver.trace_answers = [receiver.hang] * 9 if kind == "hangs" else []
    receiver.token_answers = [receiver.hang] * 99 if kind == "no token" else []
    variables = receiver.variables
    if kind == "refuses":
        variables |= {
            "AGENTOPS_API_ENDPOINT": "http://127.0.0.1:9",
            "AGENTOPS_EXPORTER_ENDPOINT": "http://127.0.0.1:9/v1/traces",
        }
    done = run_shared_program("dead_backend", "agentops", server, variables)
    ended = time.time()
    assert ended - float(done.stdout.splitlines()[-1]) < PATIENCE
    assert "exporter 'agentops'" in done.stderr  # it says that something was lost
    assert receiver.spans == []


@pytest.mark.slow
def test_a_fork_doubles_nothing_and_loses_nothing(server: AssistantsServer, receiver: Receiver) -> None:
    run_shared_program("forking", "agentops", server, receiver.variables)
    names = sorted(span.name for span in receiver.spans if span.name.endswith((".session", ".agent")))
    assert names == [
        "before.agent",
        "before.session",
        "child.agent",
        "child.session",
        "open across the fork.session",
        "parent.agent",
    ]
    (parent,) = receiver.named("parent.agent")
    assert parent.parent_id == receiver.span("open across the fork.session").span_id
    assert {request.status for request in receiver.to(TRACES_PATH)} == {200}


def test_a_sender_of_a_child_closes_what_it_inherited(options: dict[str, Any]) -> None:
    parent = Sender(resolve(Options(**options)))
    closed: list[str] = []
    parent._session.close = lambda: closed.append("closed")  # type: ignore[method-assign]  # to see it
    child = parent.after_fork()
    assert closed == []  # not in the thread that forks
    child.send([])
    assert closed == ["closed"]
    assert child._session is not parent._session


@pytest.mark.parametrize("value", ["true", " True "])
def test_where_the_sdk_is_switched_off_nothing_counts_as_delivered(
    client: OpenAI,
    receiver: Receiver,
    traced: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    value: str,
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", value)
    traced()
    whole_run(client)
    assert threadtrail.flush()
    assert (lane().delivered, lane().failed) == (0, 0)
    assert lane().dropped > 0
    assert str(lane().switched_off).startswith("OTEL_SDK_DISABLED is true")
    assert receiver.requests == []


def test_an_event_that_cannot_become_a_span_takes_no_other_with_it(
    options: dict[str, Any], receiver: Receiver
) -> None:
    exporter = AgentOpsExporter(**options)
    assert exporter.start() is None
    run: Any = None
    good = [RunEnded(time=1, run=each) for each in list(sample_runs().values())[:2]]
    with pytest.raises(EventsLostError, match="1 of 3 events could not be exported: ") as caught:
        exporter.export([good[0], RunEnded(time=1, run=run), good[1]], [None, None, None])
    assert caught.value.lost == 1
    assert len(receiver.to(TRACES_PATH)) == 1
    exporter.shutdown(5.0)


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_SPAN_EVENT_COUNT_LIMIT": "many"},
        {"OTEL_ATTRIBUTE_COUNT_LIMIT": "-1", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "0"},
    ],
)
def test_limits_for_other_spans_lose_nothing(
    client: OpenAI,
    receiver: Receiver,
    traced: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
) -> None:
    for name, limit in variables.items():
        monkeypatch.setenv(name, limit)
    traced()
    whole_run(client)
    assert threadtrail.flush()
    assert receiver.to(TRACES_PATH)
