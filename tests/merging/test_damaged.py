"""Recordings that are damaged, or written by hand, are merged as far as they can be."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail.events import (
    Event,
    MessageCompleted,
    MessageCreated,
    RunEnded,
    RunStatusChanged,
    StepCompleted,
    StepCreated,
)
from threadtrail.values import Message, Run, Step, TextPart

if TYPE_CHECKING:
    from collections.abc import Sequence

OF_RUN: dict[str, Any] = {"run_id": "run_1", "thread_id": "thread_1"}

WITHOUT_IDS: list[Event] = [
    StepCreated(type="step.created", time=1, step=Step(id=None, kind="message", started_at=1), **OF_RUN),
    StepCompleted(
        type="step.completed", time=2, step=Step(id=None, kind="message", started_at=1, ended_at=2), **OF_RUN
    ),
    StepCompleted(
        type="step.completed", time=3, step=Step(id=None, kind="message", started_at=2, ended_at=3), **OF_RUN
    ),
    MessageCreated(
        type="message.created",
        time=1,
        message=Message(role="assistant", parts=(TextPart(text="so"),)),
        **OF_RUN,
    ),
    MessageCompleted(
        type="message.completed",
        time=2,
        message=Message(role="assistant", parts=(TextPart(text="one"),)),
        **OF_RUN,
    ),
    MessageCompleted(
        type="message.completed",
        time=3,
        message=Message(role="assistant", parts=(TextPart(text="another"),)),
        **OF_RUN,
    ),
]
"""Details that have lost their ids: nobody can say which of them are the same."""

OUT_OF_ORDER: list[Event] = [
    RunStatusChanged(
        type="run.completed", learnt_from="retrieve", time=4, previous="queued", status="completed", **OF_RUN
    ),
    RunEnded(time=3, run=Run(id="run_1", thread_id="thread_1", created_at=1, ended_at=3, finished=True)),
]


@pytest.mark.parametrize("ends", [OUT_OF_ORDER, OUT_OF_ORDER[:1], []], ids=["ended", "open", "details"])
def test_details_without_ids(ends: Sequence[Event]) -> None:
    merged = threadtrail.merge([*WITHOUT_IDS, *ends])
    for kind in (StepCompleted, MessageCompleted):
        expected = [event for event in WITHOUT_IDS if isinstance(event, kind)]
        assert [event for event in merged if isinstance(event, kind)] == expected
    assert threadtrail.merge(merged) == merged


def test_the_order_of_details_without_ids_does_not_matter() -> None:
    events = [*WITHOUT_IDS[:3], *OUT_OF_ORDER]
    assert len({threadtrail.merge(order) for order in itertools.permutations(events)}) == 1
