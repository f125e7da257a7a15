"""The commands of the page, as they stand there, in an environment with what the extra installs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from doc_blocks import DOCS, ROOT, blocks
from exporter_programs import run_program

from otel_programs import EXAMPLES, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from threadtrail.testing import AssistantsServer, OtlpReceiver

pytestmark = pytest.mark.slow

FRESH = ROOT / ".venv-zero-code"
PAGE = DOCS / "exporters" / "opentelemetry.md"
(INSTALL, *COMMANDS) = next(
    text for text in blocks(PAGE, "bash") if "opentelemetry-instrument" in text
).splitlines()
TO_CONSOLE, BY_GRPC, BY_HTTP = COMMANDS


@pytest.fixture
def start(server: AssistantsServer, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command of the page in a folder with an ``app.py`` that knows nothing of us."""
    if not (FRESH / ".installed").exists():
        if os.environ.get("CI"):
            pytest.fail("CI has to run this: make zero-code")
        pytest.skip("its environment is not there: make zero-code")
    shutil.copy(EXAMPLES / "math_tutor.py", tmp_path / "app.py")
    path = f"{FRESH / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def run(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        variables = {"PATH": path, "PYTHONWARNINGS": "ignore", **variables}
        done = run_program(["bash", "-c", command], server, variables, tmp_path)
        assert "completed" in done.stdout.splitlines(), "the program did what it does"
        return done

    return run


@contextmanager
def grpc_collector() -> Iterator[tuple[str, Callable[[], dict[str, list[str]]]]]:
    """Run a collector for gRPC: its address, and what stops it and says what arrived."""
    command = [FRESH / "bin" / "python", PROGRAMS / "grpc_collector.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield f"http://localhost:{port}", lambda: json.loads(process.communicate(timeout=240)[0])
        finally:
            process.kill()


def test_it_installs_what_the_tests_have() -> None:
    assert INSTALL == "pip install 'threadtrail-opentelemetry[zero-code]'"
    assert "'$(OTEL)[zero-code]'" in (ROOT / "Makefile").read_text()


def test_spans_on_the_console(start: Any) -> None:
    done = start(TO_CONSOLE, OTEL_SERVICE_NAME="math-tutor")
    created, run = [
        span
        for span in printed_spans(done.stdout)
        if span["name"].startswith(("create_agent", "invoke_agent"))
    ]
    assert (created["name"], run["name"]) == ("create_agent Math Tutor", "invoke_agent Math Tutor")
    assert run["attributes"]["gen_ai.operation.name"] == "invoke_agent"
    assert run["resource"]["attributes"]["service.name"] == "math-tutor"
    assert done.stderr == ""


def test_spans_on_the_console_and_no_other_variable(start: Any) -> None:
    """Metrics then go where nobody listens: that is logged, and costs time at the end, and no span."""
    done = start(
        "OTEL_TRACES_EXPORTER=console opentelemetry-instrument python app.py", OTEL_EXPORTER_OTLP_TIMEOUT="1"
    )
    assert "invoke_agent Math Tutor" in [span["name"] for span in printed_spans(done.stdout)]
    assert "Traceback" not in done.stderr


def test_to_a_collector_by_grpc(start: Any) -> None:
    assert "http://localhost:4317" in BY_GRPC
    with grpc_collector() as (address, arrived):
        done = start(BY_GRPC.replace("http://localhost:4317", address))
        got = arrived()
    assert "invoke_agent Math Tutor" in got["spans"]
    assert "gen_ai.client.operation.duration" in got["metrics"]
    assert done.stderr == ""


def test_to_a_collector_by_http(start: Any, receiver: OtlpReceiver) -> None:
    assert "http://localhost:4318" in BY_HTTP
    done = start(BY_HTTP.replace("http://localhost:4318", receiver.url))
    assert receiver.span("invoke_agent Math Tutor").status != "ERROR"
    assert "gen_ai.client.operation.duration" in receiver.metrics
    assert done.stderr == ""


def test_it_can_be_switched_off_by_its_name(start: Any) -> None:
    done = start(TO_CONSOLE, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="threadtrail")
    assert not list(printed_spans(done.stdout))


def printed_spans(text: str) -> Iterator[dict[str, Any]]:
    """The spans that the console exporter printed between the program's own lines."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{\n", at)) >= 0:
        span, at = decoder.raw_decode(text, at)
        yield span
