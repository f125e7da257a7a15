"""Serves a live page to browsers on this computer only."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from threadtrail.commands.view.live import LivePage

ADDRESS = "127.0.0.1"
POLL_SECONDS = 0.4
WAIT_SECONDS = 20.0
"""How long a request for changes may wait for one."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer, in addition to the policy in the page itself."""


class PageServer:
    """A server of one page on loopback, whose address has a random token.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, page: LivePage, port: int = 0) -> None:
        self._page = page
        self._token = secrets.token_urlsafe(24)
        self._socket = socket.create_server((ADDRESS, port))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            Guard(self._application(), self._token, self.port),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        self._server = uvicorn.Server(config)

    @property
    def url(self) -> str:
        """The address of the page; anyone who has it can read the recording."""
        return f"http://{ADDRESS}:{self.port}/{self._token}/"

    def run(self) -> None:
        """Serve until ``stop`` is called or a signal arrives; SIGINT raises KeyboardInterrupt."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ask the server to stop; may be called from any thread."""
        self._server.should_exit = True

    def _application(self) -> Starlette:
        page = self._page

        async def html(_request: Request) -> Response:
            await asyncio.to_thread(page.update)
            return HTMLResponse(await asyncio.to_thread(page.html))

        async def detail(request: Request) -> Response:
            found = await asyncio.to_thread(page.detail, request.query_params.get("handle", ""))
            return JSONResponse(found, status_code=200 if found is not None else 404)

        async def search(request: Request) -> Response:
            return JSONResponse(await asyncio.to_thread(page.search, request.query_params.getlist("word")))

        async def changes(request: Request) -> Response:
            since = request.query_params.get("since", "0")
            return JSONResponse(await self._changes(int(since) if since.isdecimal() else 0, request))

        return Starlette(
            routes=[
                Route(f"/{self._token}/", html),
                Route(f"/{self._token}/detail", detail),
                Route(f"/{self._token}/search", search),
                Route(f"/{self._token}/changes", changes),
            ]
        )

    async def _changes(self, since: int, request: Request) -> Any:
        """Return the changes as soon as there are any, or none after ``WAIT_SECONDS``."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            await asyncio.to_thread(self._page.update)
            changed = await asyncio.to_thread(self._page.changes, since)
            left = self._server.should_exit or await request.is_disconnected()
            if changed["version"] > since or left or time.monotonic() > end:
                return changed
            await asyncio.sleep(POLL_SECONDS)


class Guard:
    """Answers only requests that have the token, name this host, and come from no page of another origin.

    Another name in the header Host means DNS rebinding: a page's domain was made to point to this address.
    """

    def __init__(self, application: ASGIApp, token: str, port: int) -> None:
        self._application = application
        self._token = token
        self._hosts = {f"{ADDRESS}:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._refused(scope["path"], headers)
        application: Callable[..., Any] = self._application if refused is None else refused

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await application(scope, receive, send_with_headers)

    def _refused(self, path: str, headers: dict[str, str]) -> Response | None:
        if headers.get("host") not in self._hosts:
            return PlainTextResponse("This address is not served.", status_code=421)
        _, token, *rest = [*path.split("/"), ""]
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return PlainTextResponse("Not found.", status_code=404)
        elsewhere = headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
        if elsewhere and rest[:1] != [""]:
            return PlainTextResponse("Only the page itself may ask for this.", status_code=403)
        return None
