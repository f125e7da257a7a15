"""A reason phrase that would steer a terminal, and the check that it is shown without doing so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import threadtrail
from exporter_driving import whole_run
from threadtrail import cli

if TYPE_CHECKING:
    import pytest
    from openai import OpenAI

REASON = "No\x1b[2J\x1b]0;owned\x07\x9b31m"
SHOWN = "No\\x1b[2J\\x1b]0;owned\\x07\\x9b31m"


def check_shown_without_control(
    client: OpenAI, exporter: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Record a run whose backend answers ``REASON``; check the log, ``status()`` and the doctor."""
    threadtrail.instrument(exporters=[exporter], settle_seconds=0.0)
    whole_run(client)
    threadtrail.flush(60)
    status = str(threadtrail.status())
    threadtrail.uninstrument()
    cli.main(["doctor", "--exporter", exporter])
    assert SHOWN in status
    printed = capsys.readouterr()
    formatted = "".join(map(caplog.handler.format, caplog.records))
    for text in (status, formatted, printed.out, printed.err):
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
