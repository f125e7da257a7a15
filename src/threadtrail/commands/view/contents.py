"""A recording as the page's data: rows of the list, and for each the detail that it opens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail.commands.view.costs import sums
from threadtrail.commands.view.details import request_detail, run_detail, turn_detail
from threadtrail.commands.view.entries import Material, materials
from threadtrail.commands.view.numbers import numbers_of_group, numbers_of_run
from threadtrail.commands.view.rows import request_row, run_row, turn_row
from threadtrail.commands.view.values import Object
from threadtrail.events import RequestFailed
from threadtrail.merging.merge import merge
from threadtrail.prices import Cost
from threadtrail.recordings.contents import contents_of
from threadtrail.recordings.tools import late_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.commands.view.entries import Group
    from threadtrail.events import Event


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of the list and what it opens."""

    row: list[Any]
    detail: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """All that a page shows, sorted by when it began; runs follow their turn."""

    title: str
    shown: tuple[Shown, ...]
    problems: tuple[str, ...] = ()
    costs: Object = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Built:
    """What a page shows of a group; it keeps the material alive, whose identity is made of object ids."""

    material: Material | RequestFailed
    shown: tuple[Shown, ...]
    costs: tuple[Cost | None, ...] = ()


class PageMaker:
    """Builds the data of pages; of a recording that grows, it rebuilds only what has changed."""

    def __init__(self) -> None:
        self._built: dict[object, Built] = {}

    def make(self, events: Iterable[Event], *, title: str, problems: Sequence[str] = ()) -> PageData:
        """Return what the page of these events shows: the same events always give the same data."""
        merged = merge(events)
        groups, alone = materials(contents_of(merged), late_calls(merged))
        before, self._built = self._built, {}
        for group in groups:
            name = group.identity
            self._built[name] = before.get(name) or _build(group)
        for event in alone:
            handle = f"request:{event.started_at}"
            while handle in self._built:
                handle += "~"
            shown = Shown(request_row(event, handle), request_detail(event, handle))
            self._built[handle] = Built(event, (shown,))
        return PageData(
            title=title,
            shown=tuple(shown for built in self._built.values() for shown in built.shown),
            problems=tuple(problems),
            costs=sums(cost for built in self._built.values() for cost in built.costs),
        )


def page_data(events: Iterable[Event], *, title: str, problems: Sequence[str] = ()) -> PageData:
    """Return what the page of some events shows."""
    return PageMaker().make(events, title=title, problems=problems)


def _build(material: Material) -> Built:
    group = material.group()
    return Built(material, tuple(_shown(group)), tuple(entry.cost for entry in group.entries))


def _shown(group: Group) -> Iterator[Shown]:
    parent = None
    if group.turn is not None:
        numbers, parent = numbers_of_group(group), group.handle
        yield Shown(turn_row(group, group.turn, numbers), turn_detail(group, group.turn, numbers))
    for entry in group.entries:
        numbers = numbers_of_run(entry)
        yield Shown(run_row(entry, numbers, parent), run_detail(entry, group, numbers))
