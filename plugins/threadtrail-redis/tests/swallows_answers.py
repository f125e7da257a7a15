"""A connection between a client and Redis that can break after Redis has done what it was asked to."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTES = 1 << 20
COMMAND = b"EVALSHA"


class SwallowsAnswers:
    """Passes on what client and server send; breaks the connection, or refuses, in place of some answers."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._to_swallow = 0
        self.swallowed = 0
        self._refusals: list[bytes] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()

    def swallow(self, batches: int) -> None:
        """Swallow the answers to the next batches."""
        self._to_swallow = batches

    def refuse(self, *errors: str) -> None:
        """Refuse the next batches with these errors, and do not pass them on."""
        self._refusals = [f"-{error}\r\n".encode() for error in errors]

    @property
    def refuses(self) -> bool:
        """Whether there are errors that no batch has got yet."""
        return bool(self._refusals)

    def _accept(self) -> None:
        for client in self._clients():
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _clients(self) -> Iterator[socket.socket]:
        while True:
            try:
                yield self._listener.accept()[0]
            except OSError:  # it is closed
                return

    def _serve(self, client: socket.socket) -> None:
        """Pass on question and answer in turn: a client of redis-py waits for one, then sends the next."""
        with client, socket.create_connection(self._server) as server:
            while asked := client.recv(BYTES):
                if COMMAND in asked and self._refusals:
                    client.sendall(self._refusals.pop(0))
                    continue
                server.sendall(asked)
                answer = server.recv(BYTES)
                if COMMAND in asked and self._to_swallow > 0:
                    self._to_swallow -= 1
                    self.swallowed += 1
                    return
                client.sendall(answer)
