"""Play the whole surface of an API of the installed SDK once and print what an application saw.

    python -m differential.surface --play assistants|responses --mode bare|on|chaos|beside... --output FOLDER

Run with the SDK under test first on the path. Each mode writes `MODE.json`. Several modes are played in
forks of one process that has imported the SDK, and what each prints is in `MODE.stdout` and `MODE.stderr`.

`bare` knows nothing of threadtrail; `on` calls
`threadtrail.instrument()`, after one client of each kind was made; `chaos` calls it before the SDK is
imported, and makes raise what threadtrail runs for a call: layer by layer in the parts of the play,
beginning with layer number `--first`, so that over the SDKs every layer fails in every part. `beside`
switches on what `--switch-on` names, in that order: other tools, and `ours`.
"""

# ruff: noqa: PLW0108 - each lambda keeps its call, and so the place a warning points at, on its line
from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from differential.bare import Bare
from differential.describe import scrub
from differential.tape import Tape
from differential.world import API_KEY, World, resolved
from threadtrail.testing.server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = {
    "assistants": ("shapes", "resources", "runs", "streams", "raw", "errors", "clients", "chat"),
    "responses": (
        "response_shapes",
        "responses",
        "response_streams",
        "response_raw",
        "response_errors",
        "response_clients",
        "conversations",
        "chat",
    ),
}
# What `_early` loads of the SDK.
EARLY = {"assistants": "openai.resources.beta.beta", "responses": "openai.resources.responses"}
# Left out of what is compared: they differ from process to process.
VOLATILE_HEADERS = {"host", "connection"}
NOW = 1_700_000_000.0


def main() -> None:
    """Play in each mode, and write the records down."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--play", choices=PARTS, default="assistants")
    modes = ("bare", "on", "chaos", "naive", "beside")
    parser.add_argument("--mode", choices=modes, nargs="+", default=["bare"])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--switch-on", nargs="*", default=[])
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    tape = Tape()
    if len(options.mode) == 1:
        _record(options, options.mode[0], tape)
        return
    for name in ("openai", EARLY[options.play]):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for mode in options.mode:
        _record_in_fork(options, mode, tape)


def _record_in_fork(options: argparse.Namespace, mode: str, tape: Tape) -> None:
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            sys.exit(f"{mode}: {status}\n{(options.output / f'{mode}.stderr').read_text(encoding='utf-8')}")
        return
    try:
        for number, stream in ((1, sys.stdout), (2, sys.stderr)):
            path = options.output / f"{mode}.{stream.name.strip('<>')}"
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
        _record(options, mode, tape)
    except BaseException:  # noqa: BLE001 - the parent has to know, whatever it is
        traceback.print_exc()
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _record(options: argparse.Namespace, mode: str, tape: Tape) -> None:
    watcher = _watcher(options, mode)
    watcher.before_import()
    sdk = importlib.import_module("openai")
    with OpenAIServer(seed="surface", clock=lambda: NOW) as server:
        watcher.meet(server, tape)
        asyncio.run(_play(options.play, tape, server, sdk, watcher))
        record = {
            "sdk": sdk.__version__,
            "steps": tape.steps,
            "requests": [_request(request) for request in server.requests],
            "watched": watcher.finish(),
        }
    written = json.dumps(record, default=str)
    (options.output / f"{mode}.json").write_text(written, encoding="utf-8")


def _watcher(options: argparse.Namespace, mode: str) -> Bare:
    if mode == "bare":
        return Bare()
    watcher: Bare
    if mode == "beside":
        watcher = importlib.import_module("layered.beside").Beside(options.switch_on)
    else:
        watcher = importlib.import_module("differential.watchers").make(mode, options.first)
    return watcher


async def _play(name: str, tape: Tape, server: OpenAIServer, sdk: Any, watcher: Bare) -> None:
    tape.watch_loop()
    early = {}
    for is_async in (False, True):
        early[is_async] = _early(name, sdk, server, is_async=is_async)
    watcher.after_import()
    for is_async in (False, True):
        world = World(server, tape, sdk, is_async, early[is_async])
        for part in PARTS[name]:
            tape.prefix = f"{'async' if is_async else 'sync'} {part}: "
            watcher.next_part()
            await importlib.import_module(f"differential.play_{part}").play(world)
        if name == "assistants":
            tape.prefix = f"{'async' if is_async else 'sync'} shown: "
            watcher.next_part()
            await _shown(world)


def _early(name: str, sdk: Any, server: OpenAIServer, *, is_async: bool) -> Any:
    """Make a client and touch what it keeps, as a program that instruments late has done."""
    client_class = sdk.AsyncOpenAI if is_async else sdk.OpenAI
    client = client_class(api_key=API_KEY, base_url=server.base_url)
    threads = client.beta.threads
    resources = [client.beta.assistants, threads, threads.messages, threads.runs]
    for resource in resources if name == "assistants" else [client.responses, client.responses.input_items]:
        assert resource.with_raw_response
        assert resource.with_streaming_response
    return client


async def _shown(world: World) -> None:
    """Call each method from `__main__` under the filters that Python has by default.

    Only there are deprecations shown, so only there does it matter whom they point at.
    """
    client = world.new_client()
    beta, threads = client.beta, client.beta.threads
    runs = threads.runs
    assistant = await resolved(beta.assistants.create(model="gpt-4o"))
    thread = await resolved(threads.create())
    ids = {"thread_id": thread.id, "assistant_id": assistant.id}
    calls: dict[str, Callable[..., Any]] = {
        "assistants.create": lambda: beta.assistants.create(model="gpt-4o"),
        "assistants.retrieve": lambda: beta.assistants.retrieve(assistant.id),
        "assistants.update": lambda: beta.assistants.update(assistant.id),
        "assistants.list": lambda: beta.assistants.list(),
        "assistants.delete": lambda: beta.assistants.delete("asst_none"),
        "threads.create": lambda: threads.create(),
        "threads.retrieve": lambda: threads.retrieve(thread.id),
        "threads.update": lambda: threads.update(thread.id),
        "threads.delete": lambda: threads.delete("thread_none"),
        "create_and_run": lambda: threads.create_and_run(assistant_id=assistant.id),
        "create_and_run_poll": lambda: threads.create_and_run_poll(assistant_id=assistant.id),
        "create_and_run_stream": lambda: threads.create_and_run_stream(assistant_id=assistant.id),
        "messages.create": lambda: threads.messages.create(thread.id, role="user", content="x"),
        "messages.list": lambda: threads.messages.list(thread.id),
        "messages.retrieve": lambda: threads.messages.retrieve("msg_x", thread_id=thread.id),
        "messages.update": lambda: threads.messages.update("msg_x", thread_id=thread.id),
        "messages.delete": lambda: threads.messages.delete("msg_x", thread_id=thread.id),
        "runs.create_and_poll": lambda: runs.create_and_poll(**ids),
        "runs.list": lambda: runs.list(thread.id),
        "runs.retrieve": lambda: runs.retrieve("run_x", thread_id=thread.id),
        "runs.update": lambda: runs.update("run_x", thread_id=thread.id),
        "runs.cancel": lambda: runs.cancel("run_x", thread_id=thread.id),
        "runs.poll": lambda: runs.poll("run_x", thread.id),
        "runs.submit": lambda: runs.submit_tool_outputs("run_x", thread_id=thread.id, tool_outputs=[]),
        "runs.submit_and_poll": lambda: runs.submit_tool_outputs_and_poll(
            run_id="run_x", thread_id=thread.id, tool_outputs=[]
        ),
        "runs.stream": lambda: runs.stream(**ids),
        "runs.create_and_stream": lambda: runs.create_and_stream(**ids),
        "runs.submit_stream": lambda: runs.submit_tool_outputs_stream(
            run_id="run_x", thread_id=thread.id, tool_outputs=[]
        ),
        "steps.list": lambda: runs.steps.list("run_x", thread_id=thread.id),
        "steps.retrieve": lambda: runs.steps.retrieve("step_x", thread_id=thread.id, run_id="run_x"),
        "raw": lambda: runs.with_raw_response.list(thread.id),
        "runs.create": lambda: runs.create(**ids),
    }
    for name, call in calls.items():
        async with world.step(name) as entry:
            with warnings.catch_warnings(record=True) as caught:
                # No filter is changed here, and leaving the outer block's: those of the process.
                warnings.filters[:] = PROCESS_FILTERS  # type: ignore[index]  # a list at run time
                try:
                    await resolved(call())
                finally:
                    entry["shown"] = [_line(message) for message in caught]


def _line(message: warnings.WarningMessage) -> str:
    text = scrub(str(message.message))
    return f"{Path(message.filename).name}:{message.lineno}: {message.category.__name__}: {text}"


def _request(request: Any) -> dict[str, Any]:
    headers = {name: scrub(text) for name, text in request.headers.items()}
    return {
        "request": f"{request.method} {request.path}",
        "query": dict(request.query),
        "headers": {name: headers[name] for name in sorted(headers.keys() - VOLATILE_HEADERS)},
        "body": request.content.decode(),
    }


# As the interpreter was started, before anything imported here could change them.
PROCESS_FILTERS = list(warnings.filters)

if __name__ == "__main__":
    main()
