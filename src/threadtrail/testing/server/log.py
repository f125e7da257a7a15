"""The request log: the requests to the server, in order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_RECHECK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as it arrived.

    Attributes:
        operation: the operation, named as in the SDK: `runs.create`, `messages.list`, ...; `unknown` for
            an address that the API does not have.
        method: the HTTP method.
        path: the path without the query.
        query: the values of each query parameter.
        headers: the headers, names in lower case.
        content: the body's bytes.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The JSON body; `None` when there is none."""
        return json.loads(self.content) if self.content else None


class RequestLog:
    """Keeps the requests, and lets tests wait for them."""

    def __init__(self) -> None:
        self._requests: list[LoggedRequest] = []
        self._changed = threading.Condition()

    def add(self, request: LoggedRequest) -> None:
        """Add a request."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def clear(self) -> None:
        """Remove all requests."""
        with self._changed:
            self._requests.clear()
            self._changed.notify_all()

    def all(self) -> list[LoggedRequest]:
        """Return the requests so far, oldest first."""
        with self._changed:
            return list(self._requests)

    def changed(self) -> None:
        """Wake the callers of ``wait_until``, since something other than the log has changed."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Return whether `condition` came true within `timeout` seconds."""
        step = min(_RECHECK_SECONDS, timeout)
        rounds = max(1, round(timeout / step)) if step else 1
        # The condition may become true without a notification, so it is checked again regularly.
        with self._changed:
            return any(self._changed.wait_for(condition, step) for _ in range(rounds))
