"""A process with one tool on: plays a scenario for each line of JSON, and answers with what was recorded.

    python -m peer_table.child MODULE:NAME

``app`` names a function of `apps`, ``base_url`` the server, ``known`` the id that the app is given,
``needs`` what a client must have, ``is_async`` which kind of client it is. The first line of the answer says
that the tool is on.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import importlib
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

from peer_table import apps
from peer_table.entries import Recorded, Tool

if TYPE_CHECKING:
    from collections.abc import Coroutine

TIMEOUT_SECONDS = 60


def main() -> None:
    """Switch the tool on, and play scenarios until there are no more."""
    module, _, name = sys.argv[1].partition(":")
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a tool prints is no answer
    tool: Tool = getattr(importlib.import_module(f"peer_table.{module}"), name)()
    print("true", file=answers, flush=True)  # it is on
    for line in sys.stdin:
        signal.alarm(TIMEOUT_SECONDS)  # what hangs ends the process
        recorded = played(tool, json.loads(line))
        answer = None if recorded is None else dataclasses.asdict(recorded)
        print(json.dumps(answer), file=answers, flush=True)
        signal.alarm(0)


def played(tool: Tool, told: dict[str, Any]) -> Recorded | None:
    """Play one scenario; return ``None`` if the SDK's version does not have what it needs."""
    is_async = told["is_async"]
    client = tool.client(is_async=is_async, base_url=told["base_url"], api_key="sk-local", max_retries=0)
    if not _has(client, told["needs"]):
        tool.take()
        return None
    app = getattr(apps, told["app"])(client, told["known"])
    raised = None
    try:
        asyncio.run(app) if is_async else _run(app)
    except Exception as error:  # noqa: BLE001 - whatever a tool makes of the app
        raised = f"{type(error).__name__}: {error}"
    del app
    gc.collect()  # a tool may end its span when a stream is collected
    return Recorded.of(tool.take(), raised)


def _run(app: Coroutine[Any, Any, Any]) -> None:
    """Run an app with a synchronous client, without an event loop."""
    try:
        app.send(None)
    except StopIteration:
        return
    raise RuntimeError("the app waits, although its client does not")


def _has(client: Any, path: str) -> bool:
    for name in path.split("."):
        client = getattr(client, name, None)
    return client is not None


if __name__ == "__main__":
    main()
