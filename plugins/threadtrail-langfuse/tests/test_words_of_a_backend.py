"""The words of a backend cannot steer the terminal, by the log, by ``status()`` or by the doctor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from exporter_driving import whole_run

import threadtrail
from threadtrail import cli

if TYPE_CHECKING:
    from openai import OpenAI

    from langfuse_receiver import Receiver

REASON = "No\x1b[2J\x1b]0;owned\x07\x9b31m"
SHOWN = "No\\x1b[2J\\x1b]0;owned\\x07\\x9b31m"


@pytest.mark.parametrize("level", [logging.WARNING, logging.DEBUG])
def test_of_the_reason_of_an_answer(
    client: OpenAI,
    langfuse: Receiver,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    level: int,
) -> None:
    caplog.set_level(level)
    langfuse.status, langfuse.reason = 403, REASON
    threadtrail.instrument(exporters=["langfuse"], settle_seconds=0.0)
    whole_run(client)
    threadtrail.flush()
    status = str(threadtrail.status())
    threadtrail.uninstrument()
    cli.main(["doctor", "--exporter", "langfuse"])
    assert SHOWN in status
    printed = capsys.readouterr()
    formatted = "".join(map(caplog.handler.format, caplog.records))
    for text in (status, formatted, printed.out, printed.err):
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
