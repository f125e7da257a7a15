"""Where each tool is installed, and a program run there: in a process of its own, with its own folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 240
THEIRS = ("OTEL_", "LANGFUSE_", "AGENTOPS_", "TRACELOOP_")
FOREIGN = ("OPENAI_", "AZURE_", "THREADTRAIL_", "PYTHON", "SSL_", *THEIRS)


@dataclass(frozen=True)
class Environment:
    """An interpreter, and the folders that are laid over what it has installed."""

    python: Path
    overlay: tuple[Path, ...] = ()

    @property
    def missing(self) -> list[str]:
        """What of it is not there, seen from the project's folder."""
        # The Makefile writes `.installed` last of all: without it, a folder is only half there.
        wanted = [self.python, *(folder / ".installed" for folder in self.overlay)]
        return [os.path.relpath(path, ROOT) for path in wanted if not path.exists()]

    @property
    def path(self) -> list[Path]:
        """The folders with the packages of each overlay, which may be a virtual environment."""
        return [next(folder.glob("lib/python*/site-packages"), folder) for folder in self.overlay]


HERE = Environment(Path(sys.executable))
OTHER_WRAPT = Environment(ROOT / ".venv-agentops" / "bin" / "python")
"""What AgentOps wants: among others wrapt 1."""

SDKS = ROOT / ".sdks"
FRAMEWORKS = SDKS / "frameworks"

ENVIRONMENTS = {
    "agentops": OTHER_WRAPT,
    "langfuse": HERE,
    "openinference": Environment(HERE.python, (SDKS / "openinference-0.1.66",)),
    "traceloop": Environment(HERE.python, (SDKS / "traceloop-0.62.4",)),
}
"""Of the tools that record the SDK's calls."""

ENVIRONMENTS_OF_FRAMEWORKS = {
    "openai_agents": Environment(
        HERE.python, (FRAMEWORKS / "openai_agents", SDKS / "openinference-agents-2.6.0")
    ),
    "pydantic_ai": Environment(HERE.python, (FRAMEWORKS / "pydantic_ai",)),
}


def environment_of(tool: str) -> Environment:
    """The environment that has this tool or framework; without it the test is skipped, and fails in CI."""
    environment = (ENVIRONMENTS | ENVIRONMENTS_OF_FRAMEWORKS)[tool]
    if environment.missing:
        reason = f"{' and '.join(environment.missing)} is not there. Get it with: make layered"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return environment


def run(
    environment: Environment, folder: Path, *arguments: str, timeout: float = TIMEOUT_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run the interpreter with these arguments to the end of the program, which has to end well."""
    path = [*environment.path, ROOT / "tests", ROOT / "src"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    done = subprocess.run(
        [str(environment.python), *arguments],
        cwd=folder,
        env={
            **{name: value for name, value in kept.items() if not name.upper().endswith("_PROXY")},
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            # AgentOps has addresses on the internet that no setting changes: they lead nowhere here.
            "HTTPS_PROXY": "http://127.0.0.1:9",
            # The servers speak plain HTTP: an empty folder of certificates spares each client 30 ms.
            "SSL_CERT_DIR": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}:\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return done
