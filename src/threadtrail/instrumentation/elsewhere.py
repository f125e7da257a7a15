"""Finds out whether the SDK was used for something that is not recorded, without patching more for it.

Every response passes the method that ``exchanges`` watches. If no recorded method is being called at that
moment, the response is to another request: one of another API, or of a method that the app took from its
class before it was patched. Which of these is not examined. Failed requests do not pass there, nor do
WebSockets; of those, it is only seen that the SDK has loaded the module that connects them.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from threadtrail._own_work import is_own_work
from threadtrail._text import listed
from threadtrail.context import in_force

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger("threadtrail")

CONNECTS = "openai.lib._websocket"
"""The module that an async client of openai 3 loads to connect a WebSocket; other clients do not need it."""


class Elsewhere:
    """What is known of this process.

    Attributes:
        answered: a request was answered that no recorded method made, while calls were being recorded.
        recorded: a recorded method was called.
        inherited: this process was forked from one that records.
    """

    def __init__(self) -> None:
        self.answered: bool = False
        self.recorded = False
        self.inherited = False

    def note_answer(self) -> None:
        """Note such a response, unless an exporter asked. Called in the app's thread until one is noted."""
        if in_force.sink is not None and not is_own_work():
            self.answered = True

    def report(self, recorded: Sequence[str], not_recorded: Sequence[str]) -> None:
        """Log, at the exit, if requests were made but none was recorded.

        This is not logged in a forked child, which may do only a small part of what the program does.
        """
        used = self.answered or CONNECTS in sys.modules
        if used and not self.recorded and not self.inherited:
            _log.warning(
                "nothing was recorded: this process used the openai package, but called none of the methods "
                "that threadtrail records. Recorded are %s; not recorded are %s, and others (see threadtrail "
                "doctor)",
                listed(recorded),
                listed(not_recorded),
            )


elsewhere: Elsewhere = Elsewhere()
"""The one of this process."""
