"""Runs the command line on a real terminal, as wide as a test wants it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def on_terminal(columns: int, *arguments: str, code: int = 0, errors: bool = False, **variables: str) -> str:
    """What the command draws on a real terminal that is so wide, escape codes included.

    ``errors``: its standard error is that terminal, too.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    removed = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    with subprocess.Popen(
        [sys.executable, "-m", "threadtrail", *arguments],
        stdout=theirs,
        stderr=theirs if errors else None,
        env={**environment, "TERM": "xterm-256color", **variables},
    ) as process:
        os.close(theirs)
        drawn = b""
        while piece := _read(ours):
            drawn += piece
    os.close(ours)
    assert process.returncode == code, drawn.decode()
    return drawn.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux tells the end of a terminal
        return b""
