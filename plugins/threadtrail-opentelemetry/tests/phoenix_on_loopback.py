"""Starts Phoenix as its own command does, but keeps its gRPC port on loopback, too.

Phoenix binds that port to all addresses, whatever PHOENIX_HOST says. Run by Phoenix's own interpreter.
"""

import sys

import grpc.aio

_add_insecure_port = grpc.aio.Server.add_insecure_port


def _on_loopback(self, address):  # noqa: ANN001, ANN202 - as the method that it replaces
    return _add_insecure_port(self, address.replace("[::]", "127.0.0.1"))


grpc.aio.Server.add_insecure_port = _on_loopback

if __name__ == "__main__":
    from phoenix.server.main import main

    sys.argv = ["phoenix", "serve"]
    sys.exit(main())
