"""A program that switches a tool and threadtrail on and off, one after the other, and tells what is left.

    python -m layered.coming_and_going NAME... - NAME...

The first names are switched on, in that order, the second ones off; each is a tool, or `ours`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from openai import AsyncOpenAI, OpenAI

import threadtrail
from driving import new_assistant, new_thread, poll, resolved
from layered.beside import OURS, SETTLE_SECONDS, Memory
from layered.tools import TOOLS
from threadtrail.instrumentation.patching import _has_ours
from threadtrail.testing import AssistantsServer

if TYPE_CHECKING:
    from layered.tools import Tool

MODULES = (
    "openai",
    "openai._base_client",
    "openai._streaming",
    "openai.resources.beta.assistants",
    "openai.resources.beta.threads.messages",
    "openai.resources.beta.threads.runs.runs",
    "openai.resources.beta.threads.runs.steps",
    "openai.resources.beta.threads.threads",
    "openai.resources.chat.completions.completions",
)


class Stage:
    """The program: what it drives, and what everybody has recorded of that since it was last asked."""

    def __init__(self, server: AssistantsServer) -> None:
        self._server = server
        self._memory = Memory()
        self._tools: dict[str, Tool] = {}
        self._told = [0, 0]

    def on(self, name: str) -> None:
        if name == OURS:
            threadtrail.instrument(exporters=[self._memory], settle_seconds=SETTLE_SECONDS)
        else:
            self._tools[name] = TOOLS[name]()
            self._tools[name].prepare()
            self._tools[name].on()

    def off(self, name: str) -> None:
        if name == OURS:
            threadtrail.uninstrument()
        else:
            self._tools[name].off()

    def recorded(self) -> list[int]:
        """How many events of ours and spans of the tools a run of each kind of client makes now."""
        options: dict[str, Any] = {"base_url": self._server.base_url, "api_key": "sk-local"}
        asyncio.run(_use(OpenAI(**options)))
        asyncio.run(_use(AsyncOpenAI(**options)))
        threadtrail.flush(60)
        before, self._told = self._told, [len(self._memory.events), self._spans()]
        return [now - then for now, then in zip(self._told, before, strict=True)]

    def _spans(self) -> int:
        return sum(len(tool.spans) for tool in self._tools.values())


async def _use(client: Any) -> None:
    """A run that is created and polled by hand: what no tool is known to break."""
    assistant, thread = await new_assistant(client), await new_thread(client)
    threads = client.beta.threads
    run = await resolved(threads.runs.create(thread_id=thread, assistant_id=assistant))
    await poll(client, run)
    await resolved(threads.messages.list(thread_id=thread))
    await resolved(client.close())


def functions() -> dict[str, Any]:
    """The functions in the SDK's classes, by their names."""
    found = {}
    for name in MODULES:
        for owner in list(vars(importlib.import_module(name)).values()):
            if isinstance(owner, type) and owner.__module__.startswith("openai"):
                for method, function in list(vars(owner).items()):
                    if callable(function) and not isinstance(function, type):
                        found[f"{owner.__qualname__}.{method}"] = function
    return found


def main() -> None:
    """Switch on and off as the command line says, and print what was recorded and is left."""
    middle = sys.argv.index("-")
    before = functions()
    with AssistantsServer() as server:
        stage = Stage(server)
        for name in sys.argv[1:middle]:
            stage.on(name)
        told = [stage.recorded()]
        for name in sys.argv[middle + 1 :]:
            stage.off(name)
            told.append(stage.recorded())
    after = functions()
    left = {
        "recorded": told,
        "changed": sorted(name for name, function in after.items() if before.get(name) is not function),
        "ours": sorted(name for name, function in after.items() if _has_ours(function)),
        "patched": len(threadtrail.status().patched),
    }
    sys.stdout.write(json.dumps(left) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the tools would wait for backends that nobody looks at here


if __name__ == "__main__":
    main()
