"""An exporter whose import does all that an import should not do."""

from __future__ import annotations

import atexit
import contextlib
import socket
import sys
import threading
from functools import wraps
from pathlib import Path
from typing import Any

from openai.resources.beta.threads.runs.runs import Runs

from testing.faulty_exporters import Healthy

with socket.socket() as connection, contextlib.suppress(OSError):
    connection.connect(("127.0.0.1", 9))

listener = socket.create_server(("127.0.0.1", 0))
atexit.register(listener.close)

threading.Thread(target=threading.Event().wait, name="from-import", daemon=True).start()
Path("exporter.log").write_text("imported")
sys.stdout.write("thank you for choosing this exporter")

former_hook = sys.excepthook
original = Runs.create


def hook(*arguments: Any) -> None:
    former_hook(*arguments)


@wraps(original)
def create(*args: Any, **kwargs: Any) -> Any:
    return original(*args, **kwargs)


sys.excepthook = hook
Runs.create = create  # type: ignore[method-assign]  # the fault


class Exporter(Healthy):
    """Otherwise healthy."""
