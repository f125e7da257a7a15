"""Calls that are reading steps or messages, for whose answers an ended run of their thread waits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from threadtrail.recording.publishing import origin_of

if TYPE_CHECKING:
    from threadtrail.recording.observation import Call
    from threadtrail.recording.publishing import Server
    from threadtrail.recording.runs import RunRecord

    ThreadKey = tuple[Server, str]


class InFlight:
    """The calls whose requests were made and that have not returned, by thread.

    Calls are held weakly, so that nothing waits for a call that was discarded unfinished.
    """

    def __init__(self) -> None:
        self._calls: dict[ThreadKey, WeakSet[Call]] = {}

    def started(self, call: Call) -> None:
        """Add a call whose request is made."""
        self._calls.setdefault(_thread(call), WeakSet()).add(call)

    def landed(self, call: Call) -> None:
        """Remove a call that returned or raised."""
        thread = _thread(call)
        calls = self._calls.get(thread)
        if calls is not None:
            calls.discard(call)
            if not calls:
                del self._calls[thread]

    def reads_details_of(self, record: RunRecord) -> bool:
        """Return whether details of the run's thread are being read."""
        return bool(self._calls.get((record.origin.server, record.thread_id or "")))


def _thread(call: Call) -> ThreadKey:
    return origin_of(call).server, call.ids.get("thread_id", "")
