"""Send the recorded turn to backends on loopback, and keep what they receive for the picture.

    python tools/receive_backends.py opentelemetry langfuse     (`make pictures` does all of it)

Each name is an exporter that is installed here. The backend is the one in the exporter's tests, which also
check that the picture still shows what is received.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from picture_spans import keep_spans, recorded_events

ROOT = Path(__file__).parent.parent
MODULES = {
    "opentelemetry": "otel_picture",
    "langfuse": "langfuse_picture",
    "agentops": "agentops_picture",
}
OTHERS = ("OTEL_", "LANGFUSE_", "AGENTOPS_", "THREADTRAIL_")


def main(backends: list[str]) -> None:
    """Write what each backend receives."""
    for variable in list(os.environ):
        if variable.startswith(OTHERS):  # they are meant for another run
            del os.environ[variable]
    sys.path.insert(0, str(ROOT / "tests"))  # what all suites share
    for backend in backends:
        sys.path.insert(0, str(ROOT / "plugins" / f"threadtrail-{backend}" / "tests"))
        spans = importlib.import_module(MODULES[backend]).received(recorded_events())
        keep_spans(backend, spans)
        print(f"{backend} received {len(spans)} spans")


if __name__ == "__main__":
    main(sys.argv[1:])
