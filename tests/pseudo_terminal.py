"""Runs the command line on a real terminal, as wide as a test wants it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fork_server import fork_server


def on_terminal(columns: int, *arguments: str, code: int = 0, errors: bool = False, **variables: str) -> str:
    """What the command draws on a real terminal that is so wide, escape codes included.

    ``errors``: its standard error is that terminal, too.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    removed = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    terminal = Path(os.ttyname(theirs))
    outputs = [terminal, terminal if errors else Path(os.devnull)]
    with ThreadPoolExecutor(1) as pool:
        drawn = pool.submit(_drawn, ours)
        try:
            returned = fork_server().run_to(
                outputs,
                ["-m", "threadtrail", *arguments],
                cwd=Path.cwd(),
                env={**environment, "TERM": "xterm-256color", **variables},
                timeout=240,
            )
        finally:
            os.close(theirs)
        text = drawn.result().decode()
    os.close(ours)
    assert returned == code, text
    return text


def _drawn(descriptor: int) -> bytes:
    """Read all that is drawn, until nobody has the terminal open any more."""
    drawn = b""
    while piece := _read(descriptor):
        drawn += piece
    return drawn


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux tells the end of a terminal
        return b""
