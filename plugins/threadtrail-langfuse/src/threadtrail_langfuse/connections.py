"""The current connection: made when something first begins, and again when the app makes its own client."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from threadtrail._guard import guard
from threadtrail._late import Late, lock
from threadtrail.otlp.sending import NotDeliveredError
from threadtrail_langfuse.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail_langfuse.account import Account
    from threadtrail_langfuse.sdk_internals import Manager


class Connections:
    """The current connection, and former ones with open observations."""

    _lock = Late(lock)

    def __init__(self, account: Account) -> None:
        self._account = account
        self._begin()

    def _begin(self) -> None:
        Connections._lock.forget(self)
        self._current: Connection | None = None
        self._former: list[Connection] = []
        self._prepared: tuple[Manager | None] | None = None

    def prepare(self) -> None:
        """Start to make the connection, in a thread of its own.

        Called when something begins. The first batch may come too late: in a short script it comes while
        the interpreter exits, when no thread can be started any more.
        """
        owner = self._account.owner()
        if self._prepared is None or self._prepared[0] is not owner:
            self._prepared = (owner,)
            preparing = threading.Thread(
                target=self._prepare, name="threadtrail-langfuse-connect", daemon=True
            )
            guard.call("exporter 'langfuse', preparing", preparing.start)

    def _prepare(self) -> None:
        guard.call("exporter 'langfuse', preparing", self.current)

    def current(self) -> Connection | None:
        """Return the connection to use now; ``None`` if the app's own client is switched off."""
        with self._lock:
            owner = self._account.owner()
            if owner is not None and not owner.tracing_enabled:
                return None
            if self._current is None or self._current.owner is not owner:
                connection = Connection(self._account, owner)
                if self._current is not None:
                    self._former.append(self._current)
                self._current = connection
            return self._current

    def send(self, *, something_open: bool) -> None:
        """Send the ended observations; close former connections without open observations.

        Raises:
            NotDeliveredError: Langfuse did not accept all of them.
        """
        with self._lock:
            connections, closing = self._all(), [] if something_open else self._former
            if closing:
                self._former = []
        _all(*(each.send for each in connections), *(each.shutdown for each in closing))

    def flush(self) -> None:
        """Send everything; raise as ``send``."""
        with self._lock:
            connections = self._all()
        _all(*(each.flush for each in connections))

    def shutdown(self) -> None:
        """Send the rest and close everything; raise as ``send``."""
        with self._lock:
            connections, self._current, self._former = self._all(), None, []
        _all(*(each.shutdown for each in connections))

    def after_fork(self) -> None:
        """Leave all connections, sockets and threads to the parent; the child makes its own."""
        self._begin()

    def _all(self) -> list[Connection]:
        return [*self._former, *([self._current] if self._current is not None else [])]


def _all(*actions: Callable[[], None]) -> None:
    """Call all actions, also if one fails; then raise the first error.

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
