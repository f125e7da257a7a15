"""The words of a backend cannot steer the terminal, by the log, by ``status()`` or by the doctor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from words_of_a_backend import REASON, check_shown_without_control

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import OtlpReceiver


@pytest.fixture(autouse=True)
def configured(receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)


@pytest.mark.parametrize("level", [logging.WARNING, logging.DEBUG])
def test_of_the_reason_of_an_answer(
    client: OpenAI,
    receiver: OtlpReceiver,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    level: int,
) -> None:
    caplog.set_level(level)
    receiver.status, receiver.reason = 403, REASON
    check_shown_without_control(client, "opentelemetry", caplog, capsys)
