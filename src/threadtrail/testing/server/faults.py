"""Faults of the next requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from threadtrail.testing.server.errors import error_body
from threadtrail.testing.server.gate import Gate


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer with exactly this, and do not carry out the request.

    Attributes:
        status: the HTTP status.
        content: the body.
        content_type: its media type.
        headers: further headers.
    """

    status: int
    content: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Answer with an error in the API's own shape, and do not carry out the request.

    Attributes:
        status: the HTTP status.
        message: the text of the error.
        kind: the error's `type`.
        code: the error's `code`.
        headers: further headers, for example `{"retry-after-ms": "5"}`.
    """

    status: int
    message: str
    kind: str = "server_error"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        return error_body(self.message, kind=self.kind, code=self.code)


@dataclass(frozen=True, slots=True)
class Hang:
    """Hold the request until the gate lets it pass; then answer it as usual."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """Carry out the request, but close the connection within the answer.

    Attributes:
        after_bytes: how much of the body is sent first; `None` closes before the status line.
    """

    after_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class DropStream:
    """Close the connection after a number of events of a stream; the run continues."""

    after_events: int


@dataclass(frozen=True, slots=True)
class EndStream:
    """End a stream after a number of events without an error; the run continues."""

    after_events: int


@dataclass(frozen=True, slots=True)
class StreamError:
    """Send an `error` event after a number of events of a stream, and end the stream.

    Attributes:
        after_events: how many events come first.
        message: the text of the error.
        code: the error's code.
        wrapped: whether the object is in `{"error": ...}`, which the SDK raises as `APIError`; otherwise
            the SDK yields it as an event.
    """

    after_events: int
    message: str = "The server had an error while processing your request."
    code: str | None = "server_error"
    wrapped: bool = True


@dataclass(frozen=True, slots=True)
class EditBody:
    """Change the JSON answer; in a stream, the data of each event.

    Attributes:
        edit: gets the object, may change it, and returns what to send.
    """

    edit: Callable[[Any], Any]


Fault: TypeAlias = (
    Answer | ErrorAnswer | Hang | CloseConnection | DropStream | EndStream | StreamError | EditBody
)


def too_many_requests(retry_after_ms: int | None = 1, *, retry_after: int | None = None) -> Fault:
    """Return a 429 with `retry-after-ms`, `retry-after` (seconds), both or neither."""
    headers = {}
    if retry_after_ms is not None:
        headers["retry-after-ms"] = str(retry_after_ms)
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return ErrorAnswer(
        429,
        "Rate limit reached for requests. Please try again later.",
        kind="requests",
        code="rate_limit_exceeded",
        headers=headers,
    )


def server_error(status: int = 500, *, retry_after_ms: int | None = 1) -> Fault:
    """Return a 500 or another error of the server."""
    headers = {} if retry_after_ms is None else {"retry-after-ms": str(retry_after_ms)}
    message = "The server had an error while processing your request. Sorry about that!"
    return ErrorAnswer(status, message, headers=headers)


def conflict(*, retry_after_ms: int | None = 1) -> Fault:
    """Return a 409."""
    headers = {} if retry_after_ms is None else {"retry-after-ms": str(retry_after_ms)}
    message = "The resource is being changed by another request."
    return ErrorAnswer(409, message, kind="invalid_request_error", code="conflict", headers=headers)


def html_page(status: int = 200) -> Fault:
    """Return an HTML page, as a proxy or a captive portal sends it."""
    page = b"<!DOCTYPE html><html><body><h1>Welcome to the proxy</h1></body></html>"
    return Answer(status, page, "text/html; charset=utf-8")


def json_garbage() -> Fault:
    """Return an answer with the content type of JSON that is not JSON."""
    return Answer(200, b'{"id": "run_", "object": ')


def without(*names: str) -> Fault:
    """Leave these fields out of the answer's object."""

    def edit(body: Any) -> Any:
        return {name: value for name, value in body.items() if name not in names}

    return EditBody(edit)


@dataclass(slots=True)
class _Planned:
    fault: Fault
    operation: str | None
    skip: int
    times: int


class FaultQueue:
    """Faults in the order in which they were planned; each request takes at most one."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, operation: str | None, skip: int, times: int) -> None:
        """Plan a fault."""
        with self._lock:
            self._planned.append(_Planned(fault, operation, skip, times))

    def take(self, operation: str) -> Fault | None:
        """Return the fault of this request."""
        with self._lock:
            for planned in self._planned:
                if planned.operation not in (None, operation):
                    continue
                if planned.skip:
                    planned.skip -= 1
                    continue
                planned.times -= 1
                if not planned.times:
                    self._planned.remove(planned)
                return planned.fault
        return None

    def clear(self) -> None:
        """Forget all faults and open the gates of those that hang."""
        with self._lock:
            for planned in self._planned:
                if isinstance(planned.fault, Hang):
                    planned.fault.gate.open()
            self._planned.clear()
