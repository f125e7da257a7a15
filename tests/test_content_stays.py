"""No content leaves with content off, and none unredacted with ``redact``.

The canary stands in every content field of the vocabulary, and in every option of the SDK's calls; it is
looked for in what the exporters of the core write, in the log and in ``status()``.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from canary_calls import make_every_call
from canary_settings import every_setting, vocabulary
from echoing_api import CANARY
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.exporters.jsonl import JsonlExporter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def written(here: Path, caplog: pytest.LogCaptureFixture) -> Callable[..., str]:
    """Makes every call of the SDK with these settings; returns all that threadtrail wrote anywhere."""
    caplog.set_level(logging.DEBUG)

    def record(**settings: Any) -> str:
        stream = io.StringIO()
        console = ConsoleExporter(stream, content_length=100_000)
        file = here / "runs.jsonl"
        with threadtrail.instrument(exporters={"jsonl": {"path": file}, "mine": console}, **settings) as done:
            make_every_call()
            done.flush()
            status = f"{done.status()} {done.status()!r}"
        logged = "".join(
            caplog.handler.format(record)
            for record in caplog.records
            if record.name.startswith("threadtrail")
        )
        return file.read_text() + stream.getvalue() + logged + status

    return record


def test_the_canary_is_everywhere(written: Callable[..., str]) -> None:
    assert written().count(CANARY) > 200


@every_setting
def test_of_the_calls_nothing_is_written(written: Callable[..., str], settings: dict[str, Any]) -> None:
    text = written(**settings)
    assert CANARY not in text
    assert ("redacted" in text or "***" in text) is settings.get("capture_content", True)
    assert "plain-model" in text


@every_setting
def test_of_the_vocabulary_nothing_is_written(tmp_path: Path, settings: dict[str, Any]) -> None:
    events = vocabulary(**settings)
    stream, file = io.StringIO(), tmp_path / "events.jsonl"
    for exporter in (ConsoleExporter(stream, content_length=100_000), JsonlExporter(file)):
        exporter.export(events)
        exporter.shutdown()
    assert CANARY not in stream.getvalue() + file.read_text()
    assert "model-kept" in stream.getvalue()
    assert file.read_text().count("\n") == len(events)
