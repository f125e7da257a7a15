"""Links runs to each other by tool calls: one run asks for a call, and another one brings its output."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from threadtrail.recording.bounded import Bounded
from threadtrail.recording.links import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from threadtrail.recording.links import Name
    from threadtrail.recording.publishing import Server
    from threadtrail.recording.runs import RunRecord
    from threadtrail.values import ToolCall

OPEN_CALLS = 4_096
"""The maximum number of calls that wait for their outputs; above it, the oldest are given up."""

LINKS = 16_384
"""The maximum number of calls, and of threads, by which later runs can be linked."""

LINKS_OF_THREAD = 256
"""The maximum number of links that are kept for the next run of a thread: the newest."""


class _OpenCall(NamedTuple):
    record: RunRecord
    asked_at: float


class Chains:
    """Links runs by the calls that they ask for, or bring the outputs of. Times are ``time.monotonic()``.

    ``forgotten`` counts the calls that were given up early for lack of room.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[Name, _OpenCall] = OrderedDict()
        self._links: Bounded[Name, Link] = Bounded(LINKS)
        self._of_thread: Bounded[Name, tuple[Link, ...]] = Bounded(LINKS)
        self._order = 0
        self.forgotten: int = 0

    # -- calls and their outputs --------------------------------------------------------------------

    def ask(self, record: RunRecord, now: float) -> list[Name]:
        """Keep the calls of a run that the app, or a person, has to answer; return their names.

        A server may use an id again: a waiting call of the same name is then given up.
        """
        names = [(record.origin.server, call.id) for call in record.steps.calls.awaited()]
        for name in names:
            self.give_up_call(name)
            self._order += 1
            self._open[name] = _OpenCall(record, now)
            self._links.put(name, Link(record.id, record.chain.turn_id, self._order, name))
        while len(self._open) > OPEN_CALLS:
            self.give_up_call(next(iter(self._open)))
            self.forgotten += 1
        return names

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Give up the oldest calls until the runs that asked for the others take ``max_bytes`` at most."""
        names: dict[RunRecord, list[Name]] = {}
        for name, waiting in self._open.items():
            names.setdefault(waiting.record, []).append(name)
        sizes = {record: size(record.kept) for record in names}
        total = sum(sizes.values())
        for record, each in sizes.items():
            if total <= max_bytes:
                break
            for name in names[record]:
                self.give_up_call(name)
                self.forgotten += 1
            total -= each

    def answer(self, server: Server, calls: Iterable[ToolCall]) -> tuple[list[RunRecord], tuple[Link, ...]]:
        """Take outputs; return the runs that got one, and the links to the runs that asked.

        The same output may come again, with a repeated request or with a whole history.
        """
        answered: list[RunRecord] = []
        links: list[Link] = []
        newest = {(server, call.id): call for call in calls}
        for name, call in newest.items():
            waiting = self._open.pop(name, None)
            if waiting is not None:
                waiting.record.steps.calls.answer((call,))
                answered.append(waiting.record)
            link = self._links.get(name)
            if link is not None:
                links.append(link)
        return answered, tuple(links)

    def links_to(self, server: Server, run_id: str) -> tuple[Link, ...]:
        """Return the links to a run by its calls that are open."""
        names = [name for name, each in self._open.items() if each.record.key == (server, run_id)]
        found = (self._links.get(name) for name in names)
        return tuple(link for link in found if link is not None)

    def put_on_thread(self, server: Server, thread_id: str, links: tuple[Link, ...]) -> None:
        """Keep links for the next run of a thread to which the app has added outputs."""
        if links:
            name = server, thread_id
            self._of_thread.put(name, (*(self._of_thread.get(name) or ()), *links)[-LINKS_OF_THREAD:])

    def take_from_thread(self, server: Server, thread_id: str | None) -> tuple[Link, ...]:
        """Return and forget the links that are kept for the next run of a thread."""
        return self._of_thread.pop((server, thread_id or "")) or ()

    def forget(self, links: Iterable[Link]) -> None:
        """Forget links, since a run that brought these outputs has completed."""
        for link in links:
            if self._links.get(link.name) == link:
                self._links.pop(link.name)

    def give_up(self, before: float) -> None:
        """Complete, without an output, the calls that were asked for at ``before`` or earlier."""
        while self._open:
            name, waiting = next(iter(self._open.items()))
            if waiting.asked_at > before:
                break
            self.give_up_call(name)

    def give_up_call(self, name: Name) -> None:
        """Complete a call without an output, if it waits for one."""
        waiting = self._open.pop(name, None)
        if waiting is not None:
            waiting.record.steps.calls.give_up(name[1])

    @property
    def asked_first_at(self) -> float | None:
        """When the oldest open call was asked for; ``None`` if none is open."""
        return next((each.asked_at for each in self._open.values()), None)
