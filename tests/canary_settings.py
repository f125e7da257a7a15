"""Settings with which no canary may leave, and the vocabulary as exporters get it then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from delivery.filled import filled
from echoing_api import CANARY
from threadtrail.delivery.processors import build_processors
from threadtrail.events import EVENT_CLASSES, RunEnded

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Replace every text, even the API's own words."""
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
    """Return events with the canary in every content field, as an exporter gets them.

    There is one of every class, and the end of a run of each shape.
    """
    (processor,) = build_processors(**settings)
    given = [*(filled(each, CANARY) for each in EVENT_CLASSES), *ends_of_runs()]
    events = [event for each in given if (event := processor(each)) is not None]
    assert len(events) == len(given)
    return events


def ends_of_runs() -> Iterator[RunEnded]:
    """Yield the end of an assistant's run, and of a response whose tools the server ran."""
    ended: RunEnded = filled(RunEnded, CANARY)
    yield replace(ended, run=replace(ended.run, id="run_kept", one_generation=False))
    steps = tuple(
        replace(step, tool_calls=tuple(replace(call, executed_by="server") for call in step.tool_calls))
        for step in ended.run.steps
    )
    yield replace(ended, run=replace(ended.run, id="resp_kept", one_generation=True, steps=steps))
