"""A real Arize Phoenix for tests: installed into a virtual environment of its own, kept on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadtrail.testing import unused_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "20.26.1"
HERE = Path(__file__).parent
HOME = HERE.parents[2] / ".cache" / "phoenix"
INSTALL_SECONDS = 420
START_SECONDS = 120


class NotInstallableError(Exception):
    """Phoenix could not be installed here; the text says why."""


def interpreter() -> Path:
    """Return the Python that has Phoenix.

    Raises:
        NotInstallableError: it is not there. Its 800 MB are not fetched by the way: `make phoenix` does it.
    """
    if not installed().exists():
        raise NotInstallableError("Arize Phoenix is not installed for the tests: make phoenix")
    return HOME / "bin" / "python"


def installed() -> Path:
    """The file whose presence says that the installation went through."""
    return HOME / f".installed-{VERSION}"


def install() -> None:
    """Install Phoenix into its virtual environment, unless it is there.

    Raises:
        NotInstallableError: its packages cannot be had.
    """
    if installed().exists():
        return
    python = HOME / "bin" / "python"
    packages = [str(python), "-m", "pip", "install", "--quiet", f"arize-phoenix=={VERSION}"]
    try:
        for command in ([sys.executable, "-m", "venv", str(HOME)], packages):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise NotInstallableError(f"installing Phoenix took over {error.timeout} s") from error
    except subprocess.CalledProcessError as error:
        words = [line for line in error.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstallableError(f"Phoenix cannot be installed: {' '.join(words)}") from error
    installed().touch()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Phoenix]:
    """Run a Phoenix that keeps nothing; ``folder`` is for its log and its scratch files."""
    python, port, grpc_port = interpreter(), unused_port(), unused_port()
    environment = os.environ | {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_SQL_DATABASE_URL": "sqlite:///:memory:",
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    log = folder / "phoenix.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), str(HERE / "phoenix_on_loopback.py")],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        phoenix = Phoenix(f"http://127.0.0.1:{port}", grpc_port)
        wait_until(lambda: phoenix.healthy(process, log), timeout=START_SECONDS, interval=0.2)
        yield phoenix
    finally:
        process.terminate()
        process.wait(timeout=240)


class Phoenix:
    """A running Phoenix, to be asked what it has."""

    def __init__(self, base_url: str, grpc_port: int) -> None:
        self.base_url = base_url
        self.grpc_port = grpc_port

    def healthy(self, process: subprocess.Popen[bytes], log: Path) -> bool:
        """Whether it answers yet; raises if it has ended instead."""
        assert process.poll() is None, f"Phoenix ended at its start:\n{log.read_text()[-2000:]}"
        try:
            with self._open("/healthz") as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def spans(self, project: str) -> list[dict[str, Any]]:
        """The project's spans, as its REST API tells them; none while it does not know the project."""
        try:
            return list(self._json(f"/v1/projects/{project}/spans?limit=100")["data"])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise

    def query(self, text: str) -> Any:
        """Ask its GraphQL API."""
        return self._json("/graphql", json.dumps({"query": text}).encode())["data"]

    def _json(self, path: str, body: bytes | None = None) -> Any:
        with self._open(path, body) as answer:
            return json.load(answer)

    def _open(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self.base_url + path, body, {"content-type": "application/json"})  # noqa: S310 - loopback
        return _direct.open(request, timeout=10)


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


if __name__ == "__main__":
    install()
