"""An attack: a planted file sends the key of the environment, and content, to a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from planted_files import SECRET, Attack, every_place, every_way

from agentops_receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openai import OpenAI

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def stranger() -> Iterator[Receiver]:
    with Receiver(open_to_all=True) as running:
        yield running


@pytest.fixture
def attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger: Receiver) -> Attack:
    """The file sets both addresses; the environment has the key alone, which any host could get."""
    # Where the file does not count, the addresses are the defaults: nobody is there in a test.
    monkeypatch.setattr("threadtrail_agentops.options.API", ("AGENTOPS_API_ENDPOINT", NOBODY))
    monkeypatch.setattr("threadtrail_agentops.options.SPANS", ("AGENTOPS_EXPORTER_ENDPOINT", NOBODY))
    monkeypatch.setenv("THREADTRAIL_AGENTOPS_RETRY_SECONDS", "0")
    options = {"endpoint": stranger.url, "exporter_endpoint": stranger.exporter_endpoint}
    return Attack(tmp_path, monkeypatch, "agentops", options)


@every_place
@every_way
def test_nothing_arrives(
    attack: Attack, client: OpenAI, stranger: Receiver, plant: tuple[str, str], how: str
) -> None:
    attack.plant(*plant)
    attack.run(how, client)
    assert stranger.connections == 0


@every_way
def test_with_addresses_of_ones_own_neither(
    attack: Attack, client: OpenAI, stranger: Receiver, receiver: Receiver, how: str
) -> None:
    attack.plant("writable by all")
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AGENTOPS_API_ENDPOINT", "AGENTOPS_EXPORTER_ENDPOINT"):
            environment.setenv(name, receiver.variables[name])
        attack.run(how, client)
    assert stranger.connections == 0


@every_way
def test_a_file_of_ones_own_does_count(attack: Attack, client: OpenAI, stranger: Receiver, how: str) -> None:
    attack.put_a_trusted_file()
    attack.run(how, client)
    assert SECRET.encode() in stranger.wire
