"""A recording as the page's data: rows of the list, and for each the detail that it opens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail.commands.view.costs import sums
from threadtrail.commands.view.details import request_detail, run_detail, turn_detail
from threadtrail.commands.view.groups import groups_of
from threadtrail.commands.view.numbers import numbers_of_group, numbers_of_run
from threadtrail.commands.view.rows import request_row, run_row, turn_row
from threadtrail.commands.view.values import Object
from threadtrail.recordings.contents import contents_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.commands.view.groups import Group
    from threadtrail.events import Event


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of the list and what it opens."""

    row: list[Any]
    detail: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """All that a page shows, in the order in which it began; runs follow their turn."""

    title: str
    shown: tuple[Shown, ...]
    problems: tuple[str, ...] = ()
    costs: Object = field(default_factory=dict)


def page_data(events: Iterable[Event], *, title: str, problems: tuple[str, ...] = ()) -> PageData:
    """Return what the page of some events shows. Pure: the same events always give the same data."""
    groups, alone = groups_of(contents_of(events))
    shown = [each for group in groups for each in _shown(group)]
    for number, event in enumerate(alone, start=1):
        handle = f"request:{number}"
        shown.append(Shown(request_row(event, handle), request_detail(event, handle)))
    entries = [entry for group in groups for entry in group.entries]
    return PageData(title=title, shown=tuple(shown), problems=problems, costs=sums(entries))


def _shown(group: Group) -> Iterator[Shown]:
    parent = None
    if group.turn is not None:
        numbers, parent = numbers_of_group(group), group.handle
        yield Shown(turn_row(group, numbers), turn_detail(group, numbers))
    for entry in group.entries:
        numbers = numbers_of_run(entry)
        yield Shown(run_row(entry, numbers, parent), run_detail(entry, group, numbers))
