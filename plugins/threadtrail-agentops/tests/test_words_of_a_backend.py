"""The words of a backend cannot steer the terminal, by the log, by ``status()`` or by the doctor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from words_of_a_backend import REASON, check_shown_without_control

if TYPE_CHECKING:
    from openai import OpenAI

    from agentops_receiver import Receiver


@pytest.fixture(autouse=True)
def configured(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in receiver.variables.items():
        monkeypatch.setenv(name, value)
    receiver.trace_answers = [lambda: 403] * 50


@pytest.mark.parametrize("level", [logging.WARNING, logging.DEBUG])
def test_of_the_reason_of_an_answer(
    client: OpenAI,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    level: int,
) -> None:
    caplog.set_level(level)
    receiver.status, receiver.reason = 403, REASON
    check_shown_without_control(client, "agentops", caplog, capsys)
