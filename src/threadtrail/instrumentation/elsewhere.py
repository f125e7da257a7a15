"""What the SDK was used for besides what is recorded, as far as that is known without a patch for it.

Each answer of the SDK passes the seam of ``exchanges``. If no recorded method is being called meanwhile, it
answers another request: of another API, or of a method that was taken off its class before it was patched.
Which of them is not looked at. Requests that fail do not pass there, and WebSockets do not: only that the SDK
has loaded what connects them is seen.
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
"""Loaded when an async client of openai 3 connects a WebSocket; sync and older ones do without it."""


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
        """Note such an answer, unless an exporter asked. Called in the app's thread until one is noted."""
        if in_force.sink is not None and not is_own_work():
            self.answered = True

    def report(self, recorded: Sequence[str], not_recorded: Sequence[str]) -> None:
        """Log once, at the exit, that nothing was recorded of all that was requested, if that is so.

        Not in a forked child: what it does may be a small part of what the program does.
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
"""Of this process."""
