"""An attack: a planted file sends the keys of the environment, and content, to a stranger."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from planted_files import CREDENTIALS, Attack, every_place, every_way

from threadtrail.testing import HttpReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openai import OpenAI

    from langfuse_stage import Stage

KEYS = base64.b64encode(f"{CREDENTIALS['LANGFUSE_PUBLIC_KEY']}:{CREDENTIALS['LANGFUSE_SECRET_KEY']}".encode())


@pytest.fixture
def stranger() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


@pytest.fixture
def attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger: HttpReceiver) -> Attack:
    """The file sets the server; the environment has keys alone, which any server could get."""
    monkeypatch.delenv("LANGFUSE_BASE_URL")
    return Attack(tmp_path, monkeypatch, "langfuse", {"base_url": stranger.url})


@every_place
@every_way
def test_nothing_arrives(
    attack: Attack, client: OpenAI, stranger: HttpReceiver, plant: tuple[str, str], how: str
) -> None:
    attack.plant(*plant)
    with pytest.MonkeyPatch.context() as environment:
        # Where the file does not count, the server is the default: nobody is there in a test.
        environment.setattr("threadtrail_langfuse.account.CLOUD", "http://127.0.0.1:9")
        attack.run(how, client)
    assert stranger.connections == 0


@every_way
def test_with_a_server_of_ones_own_neither(
    attack: Attack, quiet_stage: Stage, stranger: HttpReceiver, how: str
) -> None:
    attack.plant("writable by all")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LANGFUSE_BASE_URL", quiet_stage.langfuse.url)
        attack.run(how, quiet_stage.client)
    assert stranger.connections == 0


@every_way
def test_a_file_of_ones_own_does_count(
    attack: Attack, client: OpenAI, stranger: HttpReceiver, how: str
) -> None:
    attack.put_a_trusted_file()
    attack.run(how, client)
    assert KEYS in stranger.wire
