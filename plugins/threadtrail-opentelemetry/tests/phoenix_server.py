"""A real Arize Phoenix for tests, kept on loopback."""

from __future__ import annotations

import contextlib
import urllib.error
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installed_backend import Answering, Backend, started
from threadtrail.testing import unused_port

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKEND = Backend("phoenix", "arize-phoenix", "20.26.1")
LAUNCHER = Path(__file__).parent / "phoenix_on_loopback.py"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Phoenix]:
    """Run a Phoenix that keeps nothing; ``folder`` is for its log and its scratch files."""
    python, port, grpc_port = BACKEND.require() / "python", unused_port(), unused_port()
    environment = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_SQL_DATABASE_URL": "sqlite:///:memory:",
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    phoenix = Phoenix(f"http://127.0.0.1:{port}", grpc_port)
    with started([python, LAUNCHER], environment, folder, lambda: phoenix.answers("/healthz")):
        yield phoenix


class Phoenix(Answering):
    """A running Phoenix."""

    def __init__(self, base_url: str, grpc_port: int) -> None:
        super().__init__(base_url)
        self.grpc_port = grpc_port

    def spans(self, project: str) -> list[dict[str, Any]]:
        """Return the project's spans from its REST API; none while it does not know the project."""
        try:
            return list(self.json(f"/v1/projects/{project}/spans?limit=100")["data"])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise

    def query(self, text: str) -> Any:
        """Ask its GraphQL API."""
        return self.json("/graphql", {"query": text})["data"]


if __name__ == "__main__":
    BACKEND.install()
