"""An attack: a planted file sends headers of the environment, and content, to a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from planted_files import SECRET, Attack, every_place, every_way

from threadtrail.testing import HttpReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openai import OpenAI

    from threadtrail.testing import OtlpReceiver


@pytest.fixture
def stranger() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


@pytest.fixture
def attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger: HttpReceiver) -> Attack:
    """The file sets the collector, and asks for content."""
    options = {"endpoint": stranger.url, "message_content": "SPAN_AND_EVENT"}
    return Attack(tmp_path, monkeypatch, "opentelemetry", options)


@every_place
@every_way
def test_nothing_arrives(
    attack: Attack, client: OpenAI, stranger: HttpReceiver, plant: tuple[str, str], how: str
) -> None:
    attack.plant(*plant)
    attack.run(how, client)
    assert stranger.connections == 0


@every_way
def test_with_a_collector_of_ones_own_neither(
    attack: Attack, client: OpenAI, stranger: HttpReceiver, receiver: OtlpReceiver, how: str
) -> None:
    attack.plant("writable by all")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        attack.run(how, client)
    assert stranger.connections == 0


@every_way
def test_a_file_of_ones_own_counts_and_takes_no_header_along(
    attack: Attack, client: OpenAI, stranger: HttpReceiver, how: str
) -> None:
    attack.put_a_trusted_file()
    attack.run(how, client)
    assert stranger.requests
    assert SECRET.encode() not in stranger.wire
