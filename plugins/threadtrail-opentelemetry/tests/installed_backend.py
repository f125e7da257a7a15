"""Real backends for tests: installed from their packages, each into a virtual environment of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from shared_fixtures import PATIENCE

from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CACHE = Path(__file__).parents[3] / ".cache"
INSTALL_SECONDS = 420
START_SECONDS = 400


class NotInstallableError(Exception):
    """The backend could not be installed here; the text says why."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend that its package can start.

    Attributes:
        target: the target of make that installs it; also its folder in ``.cache``.
        package: the package's name on the index.
        version: the version that is tested with.
    """

    target: str
    package: str
    version: str

    @property
    def home(self) -> Path:
        """Its virtual environment."""
        return CACHE / self.target

    @property
    def _installed(self) -> Path:
        """The file whose presence says that the installation went through."""
        return self.home / f".installed-{self.version}"

    def require(self) -> Path:
        """Return the folder of its programs; skip the test where it is not installed, in CI fail it.

        Its hundreds of megabytes are not fetched by the way.
        """
        if not self._installed.exists():
            missing = f"{self.package} is not installed for the tests: make {self.target}"
            if os.environ.get("CI"):
                pytest.fail(f"CI has to run this: {missing}")
            pytest.skip(missing)
        return self.home / "bin"

    def install(self) -> None:
        """Install it into its virtual environment, unless it is there.

        Raises:
            NotInstallableError: its packages cannot be had.
        """
        if self._installed.exists():
            return
        python = str(self.home / "bin" / "python")
        packages = [python, "-m", "pip", "install", "--quiet", f"{self.package}=={self.version}"]
        try:
            for command in ([sys.executable, "-m", "venv", str(self.home)], packages):
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NotInstallableError(f"installing {self.package} took over {error.timeout} s") from error
        except subprocess.CalledProcessError as error:
            words = [line for line in error.stderr.splitlines() if line.startswith("ERROR")]
            raise NotInstallableError(f"{self.package} cannot be installed: {' '.join(words)}") from error
        self._installed.touch()


class Answering:
    """A server on loopback, to be asked what it has."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def answers(self, path: str) -> bool:
        """Whether it answers yet."""
        try:
            with self._open(path) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def json(self, path: str, body: Any = None) -> Any:
        """Ask it: with a body by POST, else by GET."""
        with self._open(path, None if body is None else json.dumps(body).encode()) as answer:
            return json.load(answer)

    def _open(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self.base_url + path, body, {"content-type": "application/json"})  # noqa: S310 - loopback
        return _direct.open(request, timeout=PATIENCE)


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def started(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    folder: Path,
    is_ready: Callable[[], bool],
) -> Iterator[None]:
    """Run a server until the block is left; its log is in ``folder``, where it also works."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | dict(environment),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def ready() -> bool:
        assert process.poll() is None, f"it ended at its start:\n{log.read_text()[-2000:]}"
        return is_ready()

    try:
        wait_until(ready, timeout=START_SECONDS, interval=0.2)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)
