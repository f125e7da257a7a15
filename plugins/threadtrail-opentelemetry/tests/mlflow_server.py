"""A real MLflow tracking server for tests, on loopback."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

from installed_backend import Answering, Backend, started
from threadtrail.testing import unused_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKEND = Backend("mlflow", "mlflow", "3.17.2")
EXPERIMENT = "0"
"""The experiment that is always there."""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[MLflow]:
    """Run an MLflow that keeps what it has in ``folder``."""
    programs, port = BACKEND.require(), unused_port()
    command: list[str | Path] = [
        programs / "mlflow",
        "server",
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    mlflow = MLflow(f"http://127.0.0.1:{port}")
    with started(command, environment, folder, lambda: mlflow.answers("/health")):
        yield mlflow


class MLflow(Answering):
    """A running MLflow."""

    def traces(self) -> list[dict[str, Any]]:
        """Return each trace of the experiment, the oldest first, with JSON values parsed."""
        location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": EXPERIMENT}}
        found = self.json("/api/3.0/mlflow/traces/search", {"locations": [location], "max_results": 100})
        traces = sorted(found.get("traces", []), key=lambda trace: str(trace["request_time"]))
        for trace in traces:
            trace["trace_metadata"] = {
                name: _read(value) for name, value in trace.get("trace_metadata", {}).items()
            }
        return traces

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """Return the spans of a trace as its pages show them, with the type and the content that it finds."""
        found = self.json(f"/ajax-api/3.0/mlflow/get-trace-artifact?request_id={trace_id}")["spans"]
        for span in found:
            span["attributes"] = {name: _read(value) for name, value in span["attributes"].items()}
        return list(found)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    BACKEND.install()
