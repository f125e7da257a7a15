"""Settings with which no canary may leave, and the vocabulary as exporters get it then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from delivery.filled import filled
from echoing_api import CANARY
from threadtrail.delivery.processors import build_processors
from threadtrail.events import EVENT_CLASSES

if TYPE_CHECKING:
    from threadtrail.events import Event

REDACTED = "[redacted]"


def redact(text: str) -> str:
    """Replace the canary."""
    return text.replace(CANARY, REDACTED)


def redact_and_fail(text: str) -> str:
    """Raise an error that quotes the canary."""
    if CANARY in text:
        raise ValueError(text)
    return text


def redact_all(_text: str) -> str:
    """Leave nothing as it was, not even the words of the API."""
    return "***"


SETTINGS: dict[str, dict[str, Any]] = {
    "content off": {"capture_content": False},
    "redact": {"redact": redact},
    "redact fails": {"redact": redact_and_fail},
    "redact all": {"redact": redact_all},
    "content off and redact": {"capture_content": False, "redact": redact},
}
every_setting = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def vocabulary(**settings: Any) -> list[Event]:
    """Return an event of every class, with the canary in every content field, as an exporter gets it."""
    (processor,) = build_processors(**settings)
    events = [event for each in EVENT_CLASSES if (event := processor(filled(each, CANARY))) is not None]
    assert len(events) == len(EVENT_CLASSES)
    return events
