"""Starts Phoenix as its own command does, but keeps its gRPC port on loopback, too.

Phoenix binds that port to all addresses, whatever PHOENIX_HOST says. Run by Phoenix's own interpreter.
"""

import functools
import sys
from typing import Any

import grpc.aio  # type: ignore[import-untyped]  # lives in another environment

_make_server = grpc.aio.server


@functools.wraps(_make_server)
def _server_on_loopback(*args: Any, **options: Any) -> Any:
    server = _make_server(*args, **options)
    add_port = server.add_insecure_port
    server.add_insecure_port = lambda address: add_port(address.replace("[::]", "127.0.0.1"))
    return server


grpc.aio.server = _server_on_loopback

if __name__ == "__main__":
    from phoenix.server.main import main  # type: ignore[import-not-found]  # as above

    sys.argv = ["phoenix", "serve"]
    sys.exit(main())
