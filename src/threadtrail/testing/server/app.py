"""The HTTP side: addresses, keys, headers, the request log and faults."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from threadtrail.testing.server import errors
from threadtrail.testing.server.call import Call, Handler, Later, Result
from threadtrail.testing.server.faults import (
    Answer,
    CloseConnection,
    EditBody,
    ErrorAnswer,
    Fault,
    FaultQueue,
    Hang,
)
from threadtrail.testing.server.log import LoggedRequest, RequestLog
from threadtrail.testing.server.operations import ROUTES, is_polled, needs_beta_header
from threadtrail.testing.server.sse import Connection, EventSource, EventStream, wait_unless_closed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from threadtrail.testing.server.backend import Backend
    from threadtrail.testing.server.objects import Json

_PREFIXES = ("/v1", "/openai/v1", "/openai", "/openai/deployments/{deployment}")
_DISCONNECT = "http.disconnect"


class Application:
    """The ASGI application.

    Attributes:
        poll_after_ms: the `openai-poll-after-ms` header of runs; `None` leaves it out.
        api_key: the only key accepted; `None` accepts any that is not empty.
        open_streams: how many streams are being sent now.
    """

    def __init__(
        self,
        backend: Backend,
        log: RequestLog,
        faults: FaultQueue,
        close_connection: Callable[[Scope], None],
    ) -> None:
        self.poll_after_ms: int | None = None
        self.api_key: str | None = None
        self.open_streams: int = 0
        self._backend = backend
        self._log = log
        self._faults = faults
        self._close_connection = close_connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["app"] = self
        await _ROUTER(scope, receive, send)

    async def answer(self, exchange: _Exchange, operation: str, handler: Handler, content: bytes) -> None:
        """Log one request, apply its fault, and answer it."""
        request = exchange.request
        self._log.add(_logged(request, operation, content))
        headers = {"x-request-id": self._backend.ids.request_id(), "openai-version": "2020-10-01"}
        fault = self._faults.take(operation)
        if isinstance(fault, Hang) and not await exchange.wait(fault.gate.passed()):
            return
        if isinstance(fault, Answer | ErrorAnswer):
            await exchange.send(_faulty(fault, headers))
            return
        try:
            self._authorise(request, operation)
            call = _call(request, content)
            with self._backend.lock:
                result = handler(self._backend, call)
                # The object may change as soon as the lock is free, so it is encoded here.
                body = _written_down(result, fault)
        except errors.ApiError as error:
            await exchange.send(_json(error.status, _dump(error.body, None), headers))
            return
        if isinstance(result, EventSource):
            await self._stream(exchange, result, fault, headers)
            return
        if isinstance(result, Later):
            if not await exchange.wait(result.when.passed()):
                return
            with self._backend.lock:
                body = _written_down(result.answer(), fault)
        if is_polled(operation) and self.poll_after_ms is not None:
            headers["openai-poll-after-ms"] = str(self.poll_after_ms)
        after_bytes = fault.after_bytes if isinstance(fault, CloseConnection) else len(body)
        await exchange.send(_json(200, body, headers), after_bytes)

    async def _stream(
        self, exchange: _Exchange, source: EventSource, fault: Fault | None, headers: Json
    ) -> None:
        self.open_streams += 1
        try:
            await exchange.stream(EventStream(source, self._backend.lock, fault), headers)
        finally:
            self.open_streams -= 1
            self._log.changed()

    def close_connection(self, scope: Scope) -> None:
        """Close the connection that carries a request."""
        self._close_connection(scope)

    def _authorise(self, request: Request, operation: str) -> None:
        azure = request.url.path.startswith("/openai")
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else ""
        if azure:
            key = request.headers.get("api-key", key)
        accepted = bool(key) if self.api_key is None else key == self.api_key
        if azure:
            if not accepted:
                raise errors.AzureError(401, errors.AZURE_ACCESS_DENIED)
            if not request.url.path.startswith("/openai/v1/") and ("api-version" not in request.query_params):
                raise errors.AzureError(404, errors.AZURE_NOT_FOUND)
        elif not key:
            raise errors.no_api_key()
        elif not accepted:
            raise errors.wrong_api_key(key)
        elif needs_beta_header(operation) and "assistants=v2" not in request.headers.get("openai-beta", ""):
            raise errors.no_beta_header()


class _Endpoint:
    """One operation at one address."""

    def __init__(self, operation: str, handler: Handler | None) -> None:
        self._operation = operation
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        application: Application = scope["app"]
        request = Request(scope, receive)
        handler = self._handler or _unknown(request)
        exchange = _Exchange(application, request, receive, send)
        content = await request.body()
        await application.answer(exchange, self._operation, handler, content)


_ROUTER = Router(
    routes=[
        Route(prefix + path, _Endpoint(operation, handler), methods=[method])
        for prefix in _PREFIXES
        for operation, (method, path, handler) in ROUTES.items()
    ],
    redirect_slashes=False,
    default=_Endpoint("unknown", None),
)
"""The addresses, for all servers of the process: to compile them takes longer than a server's start."""


class _Exchange:
    """One request and the connection on which it is answered."""

    def __init__(self, application: Application, request: Request, receive: Receive, send: Send) -> None:
        self.request = request
        self._application = application
        self._receive = receive
        self._send = send

    async def send(self, response: Response, after_bytes: int | None = -1) -> None:
        """Send an answer; with `after_bytes`, close the connection within it."""
        scope = self.request.scope
        if after_bytes == -1 or after_bytes == len(response.body):
            await response(scope, self._receive, self._send)
            return
        if after_bytes is not None:
            await self._start(response.status_code, response.raw_headers)
            await self._write(bytes(response.body[:after_bytes]))
        await self._close()

    async def stream(self, stream: EventStream, headers: Mapping[str, str]) -> None:
        """Send a stream to its end, or close the connection where it breaks off."""
        response = Response(headers=dict(headers), media_type="text/event-stream")
        raw = [pair for pair in response.raw_headers if pair[0] != b"content-length"]
        await self._start(200, raw)
        closed = asyncio.ensure_future(self._disconnected())
        try:
            complete = await stream.send(Connection(self._write, closed))
        finally:
            closed.cancel()
        if complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self._close()

    async def wait(self, what: Awaitable[None]) -> bool:
        """Wait; return whether the client is still there afterwards."""
        closed = asyncio.ensure_future(self._disconnected())
        try:
            return await wait_unless_closed(what, closed)
        finally:
            closed.cancel()

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _write(self, chunk: bytes) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def _close(self) -> None:
        self._application.close_connection(self.request.scope)
        await self._disconnected()

    async def _disconnected(self) -> None:
        while (await self._receive())["type"] != _DISCONNECT:
            pass


def _unknown(request: Request) -> Handler:
    def handler(_backend: Backend, _call: Call) -> Json:
        raise errors.unknown_url(request.method, request.url.path)

    return handler


def _logged(request: Request, operation: str, content: bytes) -> LoggedRequest:
    return LoggedRequest(
        operation=operation,
        method=request.method,
        path=request.url.path,
        query=_query(request),
        headers=dict(request.headers),
        content=content,
    )


def _query(request: Request) -> dict[str, list[str]]:
    params = request.query_params
    return {name: params.getlist(name) for name in params}


def _call(request: Request, content: bytes) -> Call:
    try:
        body = json.loads(content) if content else {}
    except ValueError:
        raise errors.bad_json() from None
    if not isinstance(body, dict):
        raise errors.bad_json()
    return Call(request.path_params, _query(request), body)


def _written_down(result: Result, fault: Fault | None) -> bytes:
    return b"" if isinstance(result, EventSource | Later) else _dump(result, fault)


def _dump(body: Any, fault: Fault | None) -> bytes:
    if isinstance(fault, EditBody):
        body = fault.edit(json.loads(json.dumps(body)))
    return json.dumps(body).encode()


def _json(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    return Response(body, status, dict(headers), "application/json")


def _faulty(fault: Answer | ErrorAnswer, headers: Mapping[str, str]) -> Response:
    headers = {**headers, **fault.headers}
    if isinstance(fault, ErrorAnswer):
        return _json(fault.status, _dump(fault.body(), None), headers)
    return Response(fault.content, fault.status, headers, fault.content_type)
