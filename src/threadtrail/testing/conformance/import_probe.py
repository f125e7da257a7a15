"""A program: import one module in a fresh process, and write what that started and changed to a file.

    python -m threadtrail.testing.conformance.import_probe MODULE FILE REPORT

``FILE`` is the module's file, for a module that is not found by its name; ``REPORT`` is the file to write.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadtrail.testing.conformance import process_state

if TYPE_CHECKING:
    from collections.abc import Callable

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
PROGRAMS: dict[str, int | None] = {
    "subprocess.Popen": 0,
    "os.posix_spawn": 0,
    "os.system": 0,
    "os.exec": 0,
    "os.fork": None,
}
NETWORK = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0}


class Notes:
    """What the interpreter's audit hook reports while a module is imported."""

    def __init__(self) -> None:
        self.listening = True
        self.found: list[str] = []
        self.opened: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an event of ``sys.audit``."""
        if not self.listening:
            return
        if event in NETWORK:
            self.found.append(f"it used the network ({event}: {arguments[NETWORK[event]]})")
        elif event in PROGRAMS:
            position = PROGRAMS[event]
            program = "itself" if position is None else os.fsdecode(arguments[position])
            if Path(program).name != "uname":  # called by `platform` of the standard library
                self.found.append(f"it started a program ({event}: {program})")
        elif (
            event == "open" and arguments[2] & WRITING and isinstance(arguments[0], (str, bytes, os.PathLike))
        ):
            self.opened.append(os.fsdecode(arguments[0]))

    def watch_start(self, original: Callable[..., None]) -> Callable[..., None]:
        """Wrap ``Thread.start``, for which there is no audit event."""

        def start(thread: threading.Thread) -> None:
            self.found.append(f"it started a thread ({thread.name})")
            original(thread)

        return start


def probe(module: str, file: str) -> list[str]:
    """Import the module; return a text for each thing that it started or changed."""
    process_state.import_sdk()
    before, sockets = process_state.look(), set(map(id, _open_sockets()))
    notes = Notes()
    sys.addaudithook(notes)
    threading.Thread.start = notes.watch_start(threading.Thread.start)  # type: ignore[method-assign]  # no audit
    _import(module, file)
    notes.listening = False
    after = process_state.look()
    found = list(notes.found)
    found += [f"it left the file {path}" for path in dict.fromkeys(notes.opened) if Path(path).is_file()]
    found += [f"it left a socket open ({each})" for each in _open_sockets() if id(each) not in sockets]
    found += [f"it changed {what} ({how})" for what, how in process_state.differences(before, after).items()]
    return found


def _import(module: str, file: str) -> None:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        specification = importlib.util.spec_from_file_location(module, file)
        if specification is None or specification.loader is None:
            raise
        loaded = importlib.util.module_from_spec(specification)
        sys.modules[module] = loaded
        specification.loader.exec_module(loaded)


def _open_sockets() -> list[socket.socket]:
    # By type(): isinstance() would make the SDK's proxies create a client.
    found = [each for each in gc.get_objects() if issubclass(type(each), socket.socket)]
    return [each for each in found if each.fileno() >= 0]


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(probe(sys.argv[1], sys.argv[2])), encoding="utf-8")
