"""No content arrives with content off, and none unredacted with ``redact``: a canary in all that may be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from canary_calls import all_that_shows
from canary_settings import every_setting, vocabulary
from echoing_api import CANARY

from threadtrail.config.settings import Settings
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.testing import OtlpReceiver


@pytest.fixture
def sent(receiver: OtlpReceiver, strict: None, caplog: pytest.LogCaptureFixture) -> Callable[..., str]:
    """Makes every call of the SDK with these settings; returns all that leaves, is logged or shown."""
    caplog.set_level(logging.DEBUG)

    exporters = {"opentelemetry": {"endpoint": receiver.url, "message_content": "SPAN_AND_EVENT"}}

    def record(**settings: Any) -> str:
        shown = all_that_shows(exporters, caplog, **settings)
        return receiver.wire.decode(errors="replace") + shown

    return record


def test_the_canary_is_everywhere(sent: Callable[..., str]) -> None:
    assert sent().count(CANARY) > 50


@every_setting
def test_of_the_calls_nothing_is_sent(sent: Callable[..., str], settings: dict[str, Any]) -> None:
    text = sent(**settings)
    assert CANARY not in text
    assert "plain-model" in text


@every_setting
def test_of_the_vocabulary_nothing_is_sent(receiver: OtlpReceiver, settings: dict[str, Any]) -> None:
    exporter = OpenTelemetryExporter(endpoint=receiver.url, message_content="SPAN_AND_EVENT")
    events = vocabulary(**settings)
    exporter.start(Settings(**settings))
    exporter.export(events, [None] * len(events))
    exporter.shutdown(5.0)
    assert CANARY.encode() not in receiver.wire
    assert b"model-kept" in receiver.wire
