"""``threadtrail doctor`` with AgentOps: key taken, wrong key, nobody there; and AgentOps' own SDK beside."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import doctors_visit
import pytest
from delivery.support import PATIENCE
from doctors_visit import check_error
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentops_receiver import TOKEN_PATH, TRACES_PATH
from threadtrail.testing import unused_port
from threadtrail_agentops import AgentOpsExporter

if TYPE_CHECKING:
    from pathlib import Path

    from doctors_visit import Found

    from agentops_receiver import Receiver

WRONG_KEY = "99999999-8888-7777-6666-555555555555"

INITIALISED = """
import agentops
agentops.init(auto_start_session=False, log_session_replay_url=False, log_level="CRITICAL")
from openai import OpenAI
"""


def check(timeout: float = PATIENCE, **options: Any) -> str:
    exporter = AgentOpsExporter(**options)
    exporter.start()
    try:
        return exporter.check(timeout)
    finally:
        exporter.shutdown(1.0)


refused = partial(check_error, check)


def test_a_key_that_is_taken(receiver: Receiver, options: dict[str, Any]) -> None:
    tokens, traces = f"{receiver.url}{TOKEN_PATH}", receiver.exporter_endpoint
    assert check(**options) == f"AgentOps accepts the API key ({tokens}) and spans ({traces})."
    assert [request.path for request in receiver.requests] == [TOKEN_PATH, TRACES_PATH]
    sent = receiver.requests[1]
    assert sent.status == 200
    assert not ExportTraceServiceRequest.FromString(sent.body).resource_spans


def test_a_wrong_key(receiver: Receiver, options: dict[str, Any]) -> None:
    error = refused(**{**options, "api_key": WRONG_KEY})
    assert error.problem == f"AgentOps at {receiver.url}{TOKEN_PATH} rejects the API key (HTTP 401)."
    assert error.advice == (
        "Copy the key of your project from https://app.agentops.ai/settings/projects into AGENTOPS_API_KEY."
    )
    assert WRONG_KEY not in str(error)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [404, 500])
def test_an_address_that_gives_no_token(receiver: Receiver, options: dict[str, Any], status: int) -> None:
    receiver.token_answers = [lambda: status]
    error = refused(**options)
    assert error.problem == f"{receiver.url}{TOKEN_PATH} answers, but without a token (HTTP {status})."


def test_an_answer_without_a_token(receiver: Receiver, options: dict[str, Any]) -> None:
    receiver.token_answers = [lambda: 204]
    assert "answers, but without a token (HTTP 204)" in refused(**options).problem


def test_a_token_that_is_not_taken(receiver: Receiver, options: dict[str, Any]) -> None:
    receiver.trace_answers = [lambda: 403, lambda: 403]
    error = refused(**options)
    assert error.problem == (
        f"{receiver.exporter_endpoint} rejects the token from {receiver.url}{TOKEN_PATH} (HTTP 403)."
    )
    assert len(receiver.to(TOKEN_PATH)) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "answers, but does not accept spans (HTTP 404)."),
        (503, "answers, but does not accept spans (HTTP 503)."),
    ],
)
def test_an_address_that_takes_no_spans(
    receiver: Receiver, options: dict[str, Any], status: int, words: str
) -> None:
    receiver.trace_answers = [lambda: status]
    assert refused(**options).problem == f"{receiver.exporter_endpoint} {words}"


@pytest.mark.parametrize("which", ["endpoint", "exporter_endpoint"])
def test_nobody_there(options: dict[str, Any], which: str) -> None:
    address = f"http://127.0.0.1:{unused_port()}"
    error = refused(**{**options, which: address})
    path = TOKEN_PATH if which == "endpoint" else ""
    assert error.problem == f"Nothing answers at {address}{path}: Connection refused."


@pytest.mark.parametrize("which", ["token_answers", "trace_answers"])
def test_the_timeout_is_kept(receiver: Receiver, options: dict[str, Any], which: str) -> None:
    setattr(receiver, which, [receiver.hang])
    begun = time.monotonic()
    error = refused(0.3, **options)
    assert time.monotonic() - begun < PATIENCE  # it hangs until it is released
    assert error.problem.endswith(" did not answer within 0.3 seconds.")


# --- the command, as users run it --------------------------------------------------------------------


def doctor(folder: Path, *arguments: str, **variables: str) -> Found:
    # The native SDK sends metrics to a fixed address at its exit: here, nobody answers there.
    nobody = {
        "HTTPS_PROXY": f"http://127.0.0.1:{unused_port()}",
        "NO_PROXY": "127.0.0.1",
        "PYTHONWARNINGS": "ignore",
    }
    return doctors_visit.doctor(folder, *arguments, **{**nobody, **variables})


@pytest.mark.slow
def test_the_command_with_the_right_key_and_with_a_wrong_one(receiver: Receiver, tmp_path: Path) -> None:
    found = doctor(tmp_path, "--exporter", "agentops", **receiver.variables)
    assert (found.code, found.messages("problem"), found.stderr) == (0, [], "")
    assert any(each["message"].startswith("AgentOps accepts the API key") for each in found.findings)
    variables = {**receiver.variables, "AGENTOPS_API_KEY": WRONG_KEY}
    found = doctor(tmp_path, "--exporter", "agentops", **variables)
    assert found.code == 1
    assert found.only("problem")["message"].endswith("rejects the API key (HTTP 401).")
    assert WRONG_KEY not in str(found)


@pytest.mark.slow
def test_the_command_with_a_hanging_endpoint(receiver: Receiver, tmp_path: Path) -> None:
    receiver.token_answers = [receiver.hang]
    found = doctor(tmp_path, "--exporter", "agentops", "--timeout", "0.5", **receiver.variables)
    assert found.code == 1
    assert found.messages("problem") == [f"{receiver.url}{TOKEN_PATH} did not answer within 0.5 seconds."]


@pytest.mark.slow
def test_agentops_initialised_beside_other_exporters(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(INITIALISED)
    found = doctor(tmp_path, "app", **receiver.variables)
    warning = found.only("warning")
    assert warning["message"] == (
        "AgentOps has wrapped Assistants.create, Messages.list, Runs.create, Runs.retrieve, "
        "Runs.create_and_stream: it makes a span of each of these calls, polls too, and counts a run's "
        "tokens again on each. What threadtrail records is not affected."
    )
    assert warning["advice"].startswith("Call agentops.init(instrument_llm_calls=False)")
    assert found.messages("note") == [
        "app did not call threadtrail.instrument() while it was imported.",
        "OpenTelemetry's global provider sends to AgentOps. threadtrail's exporters do not use it.",
    ]
    assert found.code == 0
    assert doctor(tmp_path, "app", "--strict", **receiver.variables).code == 1


@pytest.mark.slow
def test_agentops_initialised_beside_the_exporter_for_it(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(INITIALISED)
    arguments = ("app", "--exporter", "agentops")
    found = doctor(tmp_path, *arguments, **receiver.variables)
    assert found.code == 1
    problem = found.only("problem")
    assert problem["message"].startswith("AgentOps has wrapped Assistants.create, ")
    assert problem["message"].endswith(
        "The exporter agentops sends to the same backend, where tokens then count twice."
    )
    unwrap = {"THREADTRAIL_AGENTOPS_NATIVE_INSTRUMENTATION": "unwrap"}
    found = doctor(tmp_path, *arguments, **receiver.variables, **unwrap)
    assert (found.code, found.worst) == (0, [])


@pytest.mark.slow
def test_agentops_global_provider_and_the_opentelemetry_exporter(receiver: Receiver, tmp_path: Path) -> None:
    pytest.importorskip("threadtrail_opentelemetry")
    (tmp_path / "app.py").write_text(INITIALISED.replace("init(", "init(instrument_llm_calls=False, "))
    found = doctor(tmp_path, "app", "--exporter", "opentelemetry", **receiver.variables)
    assert found.only("warning")["message"] == (
        "OpenTelemetry's global provider sends to AgentOps, and the exporter opentelemetry uses it: runs go "
        "there as well."
    )
    assert found.code == 0
    both = ("--exporter", "opentelemetry", "--exporter", "agentops")
    found = doctor(tmp_path, "app", *both, **receiver.variables)
    assert found.only("problem")["message"].endswith("with the exporter agentops, each run gets there twice.")
    assert found.code == 1
