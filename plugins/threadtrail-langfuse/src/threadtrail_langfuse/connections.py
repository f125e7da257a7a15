"""The connection in force: made at the first event, and anew when the app makes a client of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail_langfuse.connection import Connection
from threadtrail_langfuse.sender import NotDeliveredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail_langfuse.account import Account


class Connections:
    """One connection in force, and the former ones while something that began on them is open."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._current: Connection | None = None
        self._former: list[Connection] = []

    def current(self) -> Connection | None:
        """The connection to use now; ``None`` if the app's own client is switched off."""
        owner = self._account.owner()
        if owner is not None and not owner.tracing_enabled:
            return None
        if self._current is None or self._current.owner is not owner:
            if self._current is not None:
                self._former.append(self._current)
            self._current = Connection(self._account, owner)
        return self._current

    def send(self, *, something_open: bool) -> None:
        """Send what has ended; close former connections, unless something that began on one is open.

        Raises:
            NotDeliveredError: Langfuse did not take all of it.
        """
        closing = [] if something_open else self._former
        self._former = [each for each in self._former if each not in closing]
        _all(
            *(each.send for each in self._all()),
            *(each.shutdown for each in closing),
        )

    def flush(self) -> None:
        """Send everything; raises as ``send``."""
        _all(*(each.flush for each in self._all()))

    def shutdown(self) -> None:
        """Send the rest and close everything; raises as ``send``."""
        connections, self._current, self._former = self._all(), None, []
        _all(*(each.shutdown for each in connections))

    def after_fork(self) -> None:
        """Leave all connections, sockets and threads to the parent: the child makes its own."""
        self._current, self._former = None, []

    def _all(self) -> list[Connection]:
        return [*self._former, *([self._current] if self._current is not None else [])]


def _all(*actions: Callable[[], None]) -> None:
    """Do all of it, whatever the first one's failure; then tell of it.

    Raises:
        NotDeliveredError: one of them raised it.
    """
    failures = []
    for action in actions:
        try:
            action()
        except NotDeliveredError as error:
            failures.append(error)
    if failures:
        raise failures[0]
