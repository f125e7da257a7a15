"""The page of files that grow: what it shows at the moment, and what has changed since."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from threadtrail.commands.view.contents import PageMaker
from threadtrail.commands.view.html import document
from threadtrail.commands.view.packing import script_json
from threadtrail.commands.view.rows import FIELDS
from threadtrail.recordings.growing import GrowingRecording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from threadtrail.commands.view.contents import PageData, Shown
    from threadtrail.commands.view.values import Object

PAUSE_FACTOR = 3.0
"""The pause before the files are read again, as a multiple of the time that the last reading took."""


class LivePage:
    """What the page of some files shows. Its methods may be called from any thread."""

    def __init__(self, files: Sequence[Path], title: str) -> None:
        self._title = title
        self._recording = GrowingRecording(*files)
        self._maker = PageMaker()
        self._lock = threading.Lock()
        self._paused_until = 0.0
        self._version = 0
        self._shown: dict[str, tuple[int, Shown]] = {}
        self._data: PageData | None = None
        self.update()

    def update(self) -> None:
        """Read what was written since the last time, and update what the page shows."""
        with self._lock:
            began = time.monotonic()
            if began < self._paused_until:
                return
            if self._recording.read_more() or self._data is None:
                self._take(
                    self._maker.make(
                        self._recording.events, title=self._title, problems=self._recording.problems
                    )
                )
            self._paused_until = time.monotonic() + PAUSE_FACTOR * (time.monotonic() - began)

    def _take(self, data: PageData) -> None:
        self._data = data
        self._version += 1
        before, self._shown = self._shown, {}
        for shown in data.shown:
            handle = str(shown.row[0])
            known = before.get(handle)
            unchanged = known is not None and known[1] is shown
            self._shown[handle] = known if known is not None and unchanged else (self._version, shown)

    def html(self) -> str:
        """Return the page; it asks the server for details when somebody opens them."""
        return document(
            script_json({**self.changes(0), "title": self._title, "fields": FIELDS}), [], live=True
        )

    def changes(self, since: int) -> Object:
        """Return the rows that are new or have changed since a version."""
        with self._lock:
            data = self._data
            return {
                "version": self._version,
                "rows": [shown.row for version, shown in self._shown.values() if version > since],
                "problems": list(data.problems) if data is not None else [],
                "costs": data.costs if data is not None else {},
            }

    def search(self, words: Sequence[str]) -> list[str]:
        """Return the handles of the rows whose detail contains all of the words, given in lower case."""
        with self._lock:
            shown = [each for _, each in self._shown.values()]
        return [str(each.row[0]) for each in shown if _has(each.detail, words)]

    def detail(self, handle: str) -> Object | None:
        """Return the detail of a run, a turn or a request; None if no row has this handle."""
        with self._lock:
            known = self._shown.get(handle)
        return None if known is None else known[1].detail


def _has(detail: Object, words: Sequence[str]) -> bool:
    text = "\n".join(_texts(detail)).lower()
    return all(word in text for word in words)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
