"""uvicorn in a thread of its own, with connections that can be closed at will."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Scope

_START_SECONDS = _STOP_SECONDS = 60.0
"""How long the thread may take, on a machine that is busy with other things."""

_LEAVE_SECONDS = 2.5
"""How long code that answers may take to see that its client has gone."""


class Connections:
    """The open connections, by the client's address."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return the HTTP protocol class that keeps this register."""
        transports = self._transports

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own class
                super().connection_made(transport)
                if self.client is not None:
                    transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    transports.pop(self.client, None)
                super().connection_lost(exc)

        return Protocol

    def close(self, scope: Scope) -> None:
        """Close the connection that carries this request, after what was written to it."""
        transport = self._transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.close()

    def close_all(self) -> None:
        """Close every connection."""
        for transport in list(self._transports.values()):
            transport.close()


class _Server(uvicorn.Server):
    """uvicorn without its pauses of a tenth of a second: it starts and stops at once."""

    def __init__(self, config: uvicorn.Config, connections: Connections, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._connections_to_close = connections
        self._on_started = started
        self._exit: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Ask the server to stop; may be called from any thread."""
        if self._loop is not None and self._exit is not None:
            self._loop.call_soon_threadsafe(self._exit.set)

    async def main_loop(self) -> None:
        """Serve until asked to stop."""
        self._loop, self._exit = asyncio.get_running_loop(), asyncio.Event()
        await self.on_tick(0)
        self._on_started()
        await self._exit.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything; code that is still running sees that its client has gone."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        self._connections_to_close.close_all()
        if self.server_state.tasks:
            await asyncio.wait(set(self.server_state.tasks), timeout=_LEAVE_SECONDS)


class ServerThread:
    """A running server."""

    def __init__(self, application: ASGIApp, connections: Connections, port: int) -> None:
        """Start to serve on 127.0.0.1.

        Raises:
            OSError: the port is taken.
            RuntimeError: the server did not start in time.
        """
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application,
            http=connections.protocol(),
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=60,
        )
        started = threading.Event()
        self._server = _Server(config, connections, started.set)
        self._thread = threading.Thread(target=self._run, name="openai-server", daemon=True)
        self._thread.start()
        if not started.wait(_START_SECONDS):
            raise RuntimeError(f"The local server did not start within {_START_SECONDS} s.")

    def stop(self) -> None:
        """Close every connection and end the thread.

        Raises:
            RuntimeError: the thread did not end in time.
        """
        self._server.stop()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"The local server did not stop within {_STOP_SECONDS} s.")

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def _listen(port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named, and `create_server`
    # does not name it: every answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        reason = f"cannot listen on 127.0.0.1:{port}: {error.strerror or error}"
        raise OSError(error.errno, f"{reason}; choose another port, or 0 for any free one") from error
    return listener
