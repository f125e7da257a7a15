"""Sends groups of events to one exporter: through a lane, like live events, in batches that are flushed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail._guard import Guard, describe
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.lane import BATCH_SIZE, Lane
from threadtrail.delivery.paced import deliver
from threadtrail.delivery.processors import build_processors
from threadtrail.recordings.groups import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from threadtrail.commands.replay.progress import Progress
    from threadtrail.config.registry import LoadedExporter
    from threadtrail.config.settings import Settings

MAX_FAILURES = 3
"""After this many failed batches in a row, no other is tried: the backend is probably down."""

CLOSING_SECONDS = 5.0
"""How long the exporter may take to close after an interruption, or when it is given up."""


@dataclass(slots=True, kw_only=True)
class Sent:
    """What became of the groups: those that were confirmed, those that failed, and those that were not tried.

    ``reason`` is why the last of them were not confirmed.
    """

    delivered: list[Group] = field(default_factory=list)
    failed: list[Group] = field(default_factory=list)
    not_tried: list[Group]
    reason: str | None = None


class _Reports(Guard):
    """Keeps reports instead of logging them: they say that events are lost, and a replay loses none."""

    last: str | None = None

    def report(
        self,
        what: str,
        consequence: str = "",
        *,
        error: BaseException | None = None,
        always: bool = False,  # noqa: ARG002 - the signature of the base
    ) -> bool:
        """Keep why something failed: the last error or, without one, the first report."""
        if error is not None:
            self.last = describe(error)
        elif self.last is None:
            self.last = f"{what}: {consequence}"
        return True


class Sender:
    """Sends to an exporter that has started, and closes it at the end.

    The events were redacted and shortened when they were recorded, so only the setting ``capture_content`` is
    applied again.

    Args:
        loaded: the exporter.
        settings: those of threadtrail.
        timeout: how many seconds the exporter may take for a batch.
    """

    def __init__(self, loaded: LoadedExporter, settings: Settings, timeout: float) -> None:
        self._reports = _Reports()
        self._lane = Lane(loaded.name, loaded.hooks, queue_size=settings.queue_size, guard=self._reports)
        processors = () if settings.capture_content else build_processors(capture_content=False)
        self._delivery = Delivery([self._lane], processors=processors, guard=self._reports)
        self._timeout = timeout
        self._room = min(BATCH_SIZE, settings.queue_size)
        self._stopped = False

    def stop(self) -> None:
        """Send no other batch: ``send`` ends after the one in hand. A signal handler may call this."""
        self._stopped = True

    def send(
        self, groups: Sequence[Group], progress: Progress, advance: Callable[[Sequence[Group]], object]
    ) -> Sent:
        """Send the groups, and note those that the exporter's flush confirmed.

        Open groups are sent last, and confirmed when the exporter is closed: until then it may hold back the
        traces around their runs. After ``MAX_FAILURES`` failures in a row the rest is not tried.

        Args:
            groups: what to send, in order.
            progress: notes what was delivered.
            advance: called with the groups that were tried.

        Raises:
            KeyboardInterrupt: it was stopped, and some groups were not tried.
        """
        closed = [group for group in groups if not group.open]
        unfinished = [group for group in groups if group.open]
        sent = Sent(not_tried=[*closed, *unfinished])
        try:
            goes_on = self._send_batches(closed, sent, progress, advance)
            if self._stopped and sent.not_tried:
                raise KeyboardInterrupt  # noqa: TRY301 - as one that did not wait
            flushed = goes_on and (not unfinished or self._deliver(unfinished))
        except BaseException:  # such as Ctrl-C: what was not noted yet is sent again by the next replay
            self._delivery.shutdown(CLOSING_SECONDS)
            raise
        closed_in_time = self._delivery.shutdown(self._timeout if goes_on else CLOSING_SECONDS)
        if goes_on and unfinished:
            self._record(unfinished, sent, progress, delivered=flushed and closed_in_time)
            advance(unfinished)
        sent.reason = self._reports.last
        return sent

    def _send_batches(
        self,
        groups: Sequence[Group],
        sent: Sent,
        progress: Progress,
        advance: Callable[[Sequence[Group]], object],
    ) -> bool:
        """Send groups in batches; return False if the exporter is given up.

        The groups of a failed batch are sent again one by one: perhaps only one of them is refused.
        """
        todo, in_a_row = deque(_batches(groups)), 0
        while todo and not self._stopped:
            batch = todo.popleft()
            delivered = self._deliver(batch)
            in_a_row = 0 if delivered else in_a_row + 1
            hangs = self._lane.status().queued > 0
            if hangs:
                self._reports.last = f"it took longer than {self._timeout:g} s for a batch (--timeout)"
            gives_up = hangs or in_a_row == MAX_FAILURES
            if not delivered and len(batch) > 1 and not gives_up:
                todo.extendleft([group] for group in reversed(batch))
                continue
            self._record(batch, sent, progress, delivered=delivered)
            advance(batch)
            if gives_up:
                return False
        return True

    def _deliver(self, groups: Sequence[Group]) -> bool:
        """Publish the events, as fast as the exporter takes them; return whether it confirms them all."""
        events = (event for group in groups for event in group.events)
        return deliver(self._delivery, events, room=self._room, timeout=self._timeout)

    @staticmethod
    def _record(groups: Sequence[Group], sent: Sent, progress: Progress, *, delivered: bool) -> None:
        del sent.not_tried[: len(groups)]
        (sent.delivered if delivered else sent.failed).extend(groups)
        if delivered:
            progress.confirm(groups)
        else:
            progress.postpone(groups)


def _batches(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """Yield the groups in batches that fit into one call of ``export``; a larger group is one of its own."""
    batch: list[Group] = []
    for group in groups:
        if batch and sum(len(each.events) for each in batch) + len(group.events) > BATCH_SIZE:
            yield batch
            batch = []
        batch.append(group)
    if batch:
        yield batch
