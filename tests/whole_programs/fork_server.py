"""Prepares what most programs need of the SDK, and forks for each that `tests/fork_server.py` asks for.

    python fork_server.py SOCKET PATH...

SOCKET is the number of an open socket, which listens where the paths lead. Each process of a test run
connects there, and has a fork of its own that answers it. When standard input ends, the paths are removed.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import socket
import sys
import threading
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

import openai

import threadtrail
from threadtrail.testing import OpenAIServer

MAIN = "threadtrail.__main__"
IMPORTED = (
    "asyncio",
    *(name for _, name, _ in pkgutil.walk_packages(threadtrail.__path__, "threadtrail.") if name != MAIN),
)


def use_the_sdk() -> None:
    """Call what most programs call: the first calls import and build what takes half a second."""
    plain = openai.DefaultHttpxClient(trust_env=False, verify=False)  # a test may have set a proxy already
    with (
        warnings.catch_warnings(action="ignore"),
        OpenAIServer() as server,
        openai.OpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain) as client,
    ):
        beta = client.beta
        assistant, thread = beta.assistants.create(model="gpt-4o"), beta.threads.create()
        beta.threads.messages.create(thread.id, role="user", content="hello")
        beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=1)
        list(beta.threads.messages.list(thread.id))
        client.responses.create(model="gpt-4o", input="hello")


def serve(listener: socket.socket, paths: list[str]) -> bool:
    """Fork for each process that connects: return True in the fork, which reads and writes what that does."""
    while True:
        readable = select.select([listener, sys.stdin], [], [])[0]
        if listener not in readable:
            # From here on nobody finds the way any more; whoever has found it is let in.
            for path in paths:
                Path(path).unlink(missing_ok=True)
            listener.settimeout(0)
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return False
        with connection:
            if os.fork() == 0:
                os.dup2(connection.fileno(), 0)
                os.dup2(connection.fileno(), 1)
                return True


def next_program() -> dict[str, Any] | None:
    """Fork for each request: return it in the fork, or None when there are no more."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            request: dict[str, Any] = json.loads(line)
            return request
        answer(child)
        answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return None


def answer(number: int) -> None:
    """Say the process, then its exit code."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def become(request: dict[str, Any]) -> None:
    """Have the folder, the variables and the outputs of the program."""
    os.environ.clear()
    os.environ.update(request["env"])
    # Nothing is encrypted, and to read all certificates takes 40 ms for each client.
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = os.devnull
    os.chdir(request["cwd"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(request["outputs"], start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)


def run(arguments: list[str]) -> None:
    """Run what the arguments of `python` say."""
    while arguments[0] == "-W":
        warnings._processoptions(arguments[1:2])  # type: ignore[attr-defined]  # as the interpreter does
        arguments = arguments[2:]
    kind, *rest = arguments
    if kind == "-m":
        sys.argv, sys.path[0] = rest, str(Path.cwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    is_text = kind == "-c"
    sys.argv, sys.path[0] = (["-c", *rest[1:]], "") if is_text else (arguments, str(Path(kind).parent))
    text, name = (rest[0], "<string>") if is_text else (Path(kind).read_text(encoding="utf-8"), kind)
    main = types.ModuleType("__main__")
    vars(main).update(__builtins__=builtins, **({} if is_text else {"__file__": kind}))
    sys.modules["__main__"] = main
    exec(compile(text, name, "exec", dont_inherit=True), vars(main))  # noqa: S102 - a program of a test


def exit_code_of(arguments: list[str]) -> int:
    """Run the program as far as the interpreter's exit, which takes a third of a second, is its own."""
    code: object = 0
    try:
        run(arguments)
    except SystemExit as left:
        code = left.code
    except BaseException:  # noqa: BLE001 - whatever a program fails with is printed
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are no daemons
    atexit._run_exitfuncs()
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


for name in IMPORTED:
    with contextlib.suppress(ImportError):  # of an extra that is not installed
        importlib.import_module(name)
use_the_sdk()
assert threading.active_count() == 1, "a fork would leave threads behind"
gc.collect()
gc.freeze()
with socket.socket(fileno=int(sys.argv[1])) as listener:
    is_fork = serve(listener, sys.argv[2:])
program = next_program() if is_fork else None
if program is not None:
    become(program)
    os._exit(exit_code_of(program["arguments"]))
