"""Starts the servers, each with what `make real-servers` installed for it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.processes import Workplace, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SDKS = HERE.parents[1] / ".sdks"


@dataclass(frozen=True, kw_only=True)
class RealServer:
    """A running server, and the model that it offers."""

    base_url: str
    model: str


@contextlib.contextmanager
def azure_agentserver(folder: Path) -> Iterator[RealServer]:
    """Run Microsoft's server (azure-ai-agentserver-responses) with our agent."""
    programs = _programs("azure-agentserver")
    with Workplace(folder, _environment(folder)) as workplace:
        _, site = workplace.serve(f"{programs}/python", str(HERE / "azure_app.py"), "{port}")
        yield RealServer(base_url=site.address, model="echo")


@contextlib.contextmanager
def ogx(folder: Path) -> Iterator[RealServer]:
    """Run ogx, formerly llama-stack, with our backend for a model."""
    programs = _programs("ogx")
    with Workplace(folder, _environment(folder)) as workplace:
        _, stub = workplace.serve(f"{programs}/python", str(HERE / "stub_chat.py"), "{port}")
        port = free_port()
        settings = (HERE / "ogx.yaml").read_text(encoding="utf-8")
        workplace.write("ogx.yaml", settings.replace("STUB", stub.address).replace("PORT", str(port)))
        _, site = workplace.serve(f"{programs}/ogx", "run", "ogx.yaml", "--insecure", port=port)
        yield RealServer(base_url=f"{site.address}/v1", model="stub/stub-model")


def _programs(name: str) -> Path:
    if not (SDKS / name / ".installed").exists():
        pytest.fail(f"{name} is not in .sdks. Get it with: make real-servers")
    return SDKS / name / "bin"


def _environment(folder: Path) -> dict[str, str]:
    # Both keep what they write below the home directory, and neither may send anything anywhere.
    return {"HOME": str(folder), "PATH": os.environ["PATH"], "OTEL_SDK_DISABLED": "true"}
