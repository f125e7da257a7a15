"""Watch what this process sends over connections that it made, in Python's ``socket`` and ``ssl``."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Sockets:
    """Connections and the bytes sent over them, without the answers of servers in this process.

    ``connected``: the addresses connected to. ``shared``: the addresses to which a forked child sent over
    a connection that its parent had used. ``ignored_ports``: ports of servers that are not the exporter's.
    """

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.shared: list[str] = []
        self.ignored_ports: set[int] = set()
        self._sent: dict[tuple[int, str], bytearray] = {}
        self._accepted: WeakSet[socket.socket] = WeakSet()
        self._used: set[tuple[int, int]] = set()
        self._inherited: set[tuple[int, int]] = set()
        self._lock = threading.Lock()

    def sent(self) -> dict[str, bytes]:
        """Return the bytes sent so far, by connection."""
        with self._lock:
            return {
                f"connection {number} to {peer}": bytes(data)
                for number, ((_, peer), data) in enumerate(self._sent.items(), 1)
            }

    def forked(self) -> None:
        """Reset in a forked child: connections in use belong to the parent."""
        self._lock = threading.Lock()
        self._inherited, self._used = self._used, set()
        self._sent = {}

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the sockets of the whole process during the block."""
        with pytest.MonkeyPatch.context() as patches:
            for owner, name, pick in (
                (socket.socket, "send", _first),
                (socket.socket, "sendto", _first),
                (socket.socket, "sendmsg", _joined),
                (ssl.SSLSocket, "send", _first),
                (ssl.SSLSocket, "sendto", _first),
                (ssl.SSLObject, "write", _first),
            ):
                if hasattr(owner, name):  # some platforms have no sendmsg
                    patches.setattr(owner, name, self._sending(getattr(owner, name), pick))
            patches.setattr(socket.socket, "sendall", self._sending_all(socket.socket.sendall))
            patches.setattr(socket.socket, "connect", self._connecting(socket.socket.connect))
            patches.setattr(socket.socket, "connect_ex", self._connecting(socket.socket.connect_ex))
            patches.setattr(socket.socket, "accept", self._accepting(socket.socket.accept))
            yield

    def _sending(self, original: Callable[..., int], pick: Callable[[Any], bytes]) -> Callable[..., int]:
        def send(connection: Any, data: Any, *arguments: Any, **more: Any) -> int:
            count = original(connection, data, *arguments, **more)
            self._note(connection, pick(data)[:count])
            return count

        return send

    def _sending_all(self, original: Callable[..., None]) -> Callable[..., None]:
        def sendall(connection: Any, data: Any, *arguments: Any) -> None:
            self._note(connection, bytes(data))
            return original(connection, data, *arguments)

        return sendall

    def _connecting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(connection: Any, address: Any) -> Any:
            if connection.type == socket.SOCK_STREAM and _port(address) not in self.ignored_ports:
                self.connected.append(_words(address))
            return original(connection, address)

        return connect

    def _accepting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def accept(listener: Any) -> Any:
            answer = original(listener)
            self._accepted.add(answer[0])
            return answer

        return accept

    def _note(self, connection: Any, data: bytes) -> None:
        peer: Any = ""
        with contextlib.suppress(OSError, AttributeError):  # not connected; or TLS without a socket
            peer = connection.getpeername()
        unnamed_pair = getattr(connection, "family", None) == getattr(socket, "AF_UNIX", 0) and not peer
        if connection in self._accepted or unnamed_pair or _port(peer) in self.ignored_ports:
            return
        identity = _identity(connection)
        with self._lock:
            if identity in self._inherited:
                self.shared.append(_words(peer))
            if identity is not None:
                self._used.add(identity)
            self._sent.setdefault((id(connection), _words(peer)), bytearray()).extend(data)


def _first(data: Any) -> bytes:
    return bytes(data)


def _joined(buffers: Any) -> bytes:
    return b"".join(map(bytes, buffers))


def _identity(connection: Any) -> tuple[int, int] | None:
    """Return what identifies a stream socket in a forked child and in its parent."""
    if getattr(connection, "type", None) != socket.SOCK_STREAM or connection.fileno() < 0:
        return None
    status = os.fstat(connection.fileno())
    return status.st_dev, status.st_ino


def _port(address: Any) -> int | None:
    return address[1] if isinstance(address, tuple) and len(address) > 1 else None


def _words(address: Any) -> str:
    if isinstance(address, tuple) and len(address) > 1:
        return f"{address[0]}:{address[1]}"
    return str(address) if address else "an unknown address"
