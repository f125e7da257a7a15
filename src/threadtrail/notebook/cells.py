"""The cells of a notebook: which one runs, and how to write below one that has ended.

A kernel writes output of another thread below the cell that runs at that moment, which may be any. The
streams of ``ipykernel`` are duck-typed: nothing of Jupyter is imported.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEEDED = ("parent_header", "session", "pub_thread", "topic", "name")
"""The attributes that a stream of ``ipykernel`` has, in all versions."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One execution of a cell: ``header`` is that of the message by which the frontend requested it."""

    header: Mapping[str, Any]

    def write(self, stream: Any, text: str) -> None:
        """Write the text below this cell, to the stream of a kernel."""
        stream.flush()  # earlier output comes first
        content = {"name": stream.name, "text": text}
        stream.session.send(
            stream.pub_thread, "stream", content, parent=dict(self.header), ident=stream.topic
        )


def writes_below_cells(stream: object) -> bool:
    """Return whether this is a stream of a kernel, in the kernel's own process."""
    if not all(hasattr(stream, name) for name in NEEDED):
        return False
    session: Any = getattr(stream, "session")  # noqa: B009 - checked above
    return getattr(session, "pid", None) == os.getpid()


def cell_of(stream: Any) -> Cell | None:
    """Return the cell that runs in this context, if the stream is a kernel's."""
    header = stream.parent_header if writes_below_cells(stream) else None
    return Cell(header) if isinstance(header, Mapping) and header.get("msg_id") else None
