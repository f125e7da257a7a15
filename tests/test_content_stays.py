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
from delivery.filled import filled
from echoing_api import CANARY
from threadtrail.delivery.processors import build_processors
from threadtrail.events import EVENT_CLASSES
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.exporters.jsonl import JsonlExporter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REDACTED = "[redacted]"


def redact(text: str) -> str:
    return text.replace(CANARY, REDACTED)


def redact_and_fail(text: str) -> str:
    if CANARY in text:
        raise ValueError(text)
    return text


SETTINGS = {
    "content off": {"capture_content": False},
    "redact": {"redact": redact},
    "redact fails": {"redact": redact_and_fail},
    "content off and redact": {"capture_content": False, "redact": redact},
}
EVERY_SETTING = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


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


@EVERY_SETTING
def test_of_the_calls_nothing_is_written(written: Callable[..., str], settings: dict[str, Any]) -> None:
    text = written(**settings)
    assert CANARY not in text
    assert ("redacted" in text) is settings.get("capture_content", True)
    assert "plain-model" in text


@EVERY_SETTING
def test_of_the_vocabulary_nothing_is_written(tmp_path: Path, settings: dict[str, Any]) -> None:
    (processor,) = build_processors(**settings)
    events = [event for each in EVENT_CLASSES if (event := processor(filled(each, CANARY))) is not None]
    assert len(events) == len(EVENT_CLASSES)
    stream, file = io.StringIO(), tmp_path / "events.jsonl"
    console, jsonl = ConsoleExporter(stream, content_length=100_000), JsonlExporter(file)
    for exporter in (console, jsonl):
        exporter.export(events)
        exporter.shutdown()
    assert CANARY not in stream.getvalue() + file.read_text()
    assert "model-kept" in stream.getvalue()


def test_a_redaction_that_leaves_nothing_as_it_was_breaks_no_exporter(tmp_path: Path) -> None:
    (processor,) = build_processors(redact=lambda _: "***")
    events = [event for each in EVENT_CLASSES if (event := processor(filled(each, CANARY))) is not None]
    stream, file = io.StringIO(), tmp_path / "events.jsonl"
    for exporter in (ConsoleExporter(stream, content_length=100_000), JsonlExporter(file)):
        exporter.export(events)
        exporter.shutdown()
    assert file.read_text().count("\n") == len(EVENT_CLASSES)
    assert CANARY not in stream.getvalue() + file.read_text()
