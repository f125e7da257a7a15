"""No content arrives with content off, and none unredacted with ``redact``: a canary in all that may be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from canary_calls import all_that_shows
from canary_settings import every_setting, vocabulary
from echoing_api import CANARY

from threadtrail_langfuse import LangfuseExporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from langfuse_receiver import Receiver


@pytest.fixture
def sent(langfuse: Receiver, strict: None, caplog: pytest.LogCaptureFixture) -> Callable[..., str]:
    """Makes every call of the SDK with these settings; returns all that leaves, is logged or shown."""
    caplog.set_level(logging.DEBUG)

    def record(**settings: Any) -> str:
        shown = all_that_shows(["langfuse"], caplog, **settings)
        return langfuse.wire.decode(errors="replace") + shown

    return record


def test_the_canary_is_everywhere(sent: Callable[..., str]) -> None:
    assert sent().count(CANARY) > 50


@every_setting
def test_of_the_calls_nothing_is_sent(sent: Callable[..., str], settings: dict[str, Any]) -> None:
    text = sent(**settings)
    assert CANARY not in text
    assert "plain-model" in text


@every_setting
def test_of_the_vocabulary_nothing_is_sent(langfuse: Receiver, settings: dict[str, Any]) -> None:
    exporter = LangfuseExporter()
    events = vocabulary(**settings)
    exporter.start()
    exporter.export(events, [None] * len(events))
    exporter.shutdown()
    assert CANARY.encode() not in langfuse.wire
    assert b"model-kept" in langfuse.wire
