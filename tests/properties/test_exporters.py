"""Whatever an exporter raises, and whenever: each event counts once, and another exporter gets them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from delivery.support import PATIENCE, Collecting, changed, ended
from properties.patience import patient
from threadtrail._guard import Guard
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

ERRORS = [
    KeyError("run_id"),
    MemoryError(),
    RecursionError(),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, ""),
]
ANSWERS = st.lists(st.none() | st.sampled_from(ERRORS), max_size=20)
"""What an exporter does with each batch: take it, or raise this."""

STEPS = st.lists(st.sampled_from(["detail", "detail", "end", "flush"]), max_size=40)


class Moody(Collecting):
    """Raises, batch by batch, what it is told to; then it takes everything."""

    def __init__(self, answers: Sequence[Exception | None]) -> None:
        super().__init__()
        self._answers = list(answers)
        self.refused = 0

    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        error = self._answers.pop(0) if self._answers else None
        if error is not None:
            self.refused += len(events)
            raise error
        super().export(events, contexts)


@patient
@given(steps=STEPS, answers=ANSWERS)
def test_whatever_an_exporter_raises(steps: list[str], answers: list[Exception | None]) -> None:
    moody, calm = Moody(answers), Collecting()
    lanes = [
        Lane(name, ExporterHooks(export=exporter.export), queue_size=100, guard=Guard())
        for name, exporter in (("moody", moody), ("calm", calm))
    ]
    delivery = Delivery(lanes)
    published: list[Event] = []
    reported = 0
    for number, step in enumerate([*steps, "flush"]):
        if step == "flush":
            assert delivery.flush(PATIENCE) is (moody.refused == reported)
            reported = moody.refused
            continue
        event: Event = ended(number) if step == "end" else changed(number)
        published.append(event)
        delivery.publish(event)
    assert calm.events == published
    assert moody.events == [event for event in published if event in moody.events]
    status = delivery.status()
    counted = status["moody"]
    assert (counted.delivered, counted.failed, counted.dropped) == (len(moody.events), moody.refused, 0)
    assert counted.delivered + counted.failed == status["calm"].delivered == len(published)
    assert delivery.shutdown(PATIENCE) is True
