"""Run a function in a forked child and return its result, or how the child ended."""

from __future__ import annotations

import json
import os
import select
import signal
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from threadtrail._guard import Guard, describe

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended: with a ``result`` (JSON), or with ``trouble``, a text."""

    result: Any = None
    trouble: str | None = None


def in_child(function: Callable[[], Any], seconds: float) -> Ended:
    """Call ``function`` in a forked child, which is killed after ``seconds``."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of a fork in a process with threads. Applications do that, so it is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _live(function, writing)
    os.close(writing)
    text = _read(reading, seconds)
    os.close(reading)
    if text is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if text is None:
        return Ended(trouble=f"had not ended after {seconds:g} s")
    if not text:
        return Ended(trouble=f"died with exit code {os.waitstatus_to_exitcode(status)}")
    return Ended(**json.loads(text))


def _live(function: Callable[[], Any], writing: int) -> NoReturn:
    try:
        result, error = Guard().catch(function, contain=BaseException)
        ended = {"result": result} if error is None else {"trouble": f"stopped with {describe(error)}"}
        os.write(writing, json.dumps(ended).encode())
    finally:
        os._exit(0)  # always: the child must not run the rest of the tests


def _read(descriptor: int, seconds: float) -> bytes | None:
    """Read until the other side is closed; return None if that takes longer than ``seconds``."""
    deadline = time.monotonic() + seconds
    data = bytearray()
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(descriptor, CHUNK)
        if not part:
            return bytes(data)
        data += part
