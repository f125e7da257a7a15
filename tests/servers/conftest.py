"""Real servers and job queues, started as their documentation says, with the apps of our pages."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from openai import OpenAI

from servers.processes import Redis, Workplace, free_port
from threadtrail.testing import AssistantsServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def local_server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as server:
        yield server


@pytest.fixture
def work(tmp_path: Path, local_server: AssistantsServer) -> Iterator[Workplace]:
    """A folder with an app, whose processes record into one file; they are gone at the end of the test."""
    with OpenAI(base_url=local_server.base_url, api_key="sk-local") as client:
        assistant = client.beta.assistants.create(model="gpt-4o")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("THREADTRAIL_")}
    environment = clean | {
        "ASSISTANT_ID": assistant.id,
        "OPENAI_API_KEY": "sk-local",
        "OPENAI_BASE_URL": local_server.base_url,
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",  # noqa: PTH120 - not resolved
        "PYTHONWARNINGS": "ignore",
        "THREADTRAIL_EXPORTERS": "jsonl",
        "THREADTRAIL_JSONL_PATH": str(tmp_path / "events.jsonl"),
    }
    with Workplace(tmp_path, environment) as workplace:
        yield workplace


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis server of our own. In CI it may not be missing."""
    program = shutil.which("redis-server")
    if program is None and not os.environ.get("CI"):
        pytest.skip("needs redis-server, such as: apt-get install redis-server")
    assert program is not None, "CI needs redis-server"
    with Redis(program, free_port(), tmp_path_factory.mktemp("redis")) as server:
        yield server
