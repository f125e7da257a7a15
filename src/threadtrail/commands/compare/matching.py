"""Matches the turns of both sides: by assistant or prompt, instructions, model, or input."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail._text import escaped, listed
from threadtrail.commands.compare.units import Unit
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

LABEL_LENGTH = 50
DATE = re.compile(r"-20\d\d-?\d\d-?\d\d$")
"""The date that a server adds to the name of a model that was requested without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The turns of one side with the same assistant or prompt, or else the same instructions and model."""

    units: tuple[Unit, ...]

    @property
    def name(self) -> str | None:
        """The name of the assistant or prompt."""
        return self.units[0].name

    @property
    def instructions(self) -> str:
        """The instructions, with white space collapsed; empty if there are none."""
        return _collapsed(self.units[0].instructions or "")

    @property
    def model(self) -> str:
        """The model, without its date."""
        return DATE.sub("", self.units[0].model or "unknown")

    @property
    def label(self) -> str:
        """The name for people: of the assistant or prompt, else the instructions or the model; shortened."""
        label = self.name or self.instructions or self.model
        return label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}…"

    @property
    def questions(self) -> frozenset[str]:
        """The questions that users asked, with white space collapsed."""
        return frozenset(question for unit in self.units if (question := _collapsed(unit.question)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A group of each side, ``None`` where there is no counterpart. ``by`` says how they were matched."""

    before: Group | None
    after: Group | None
    by: str | None = None

    @property
    def label(self) -> str:
        """The labels of both groups, once if they are equal."""
        labels = dict.fromkeys(group.label for group in (self.before, self.after) if group is not None)
        return " = ".join(labels)

    @property
    def turns(self) -> int:
        """The number of turns on both sides."""
        return sum(len(group.units) for group in (self.before, self.after) if group is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A turn of each side with the same input."""

    before: Unit
    after: Unit


def matches_of(
    before: Sequence[Unit], after: Sequence[Unit], chosen: Sequence[tuple[str, str]] = ()
) -> tuple[Match, ...]:
    """Return the groups of both sides side by side, the largest first.

    Args:
        before: the turns of one side.
        after: those of the other.
        chosen: pairs of labels of groups that belong together, or the beginnings of these labels.

    Raises:
        ConfigurationError: a side has no such group, or several.
    """
    left, right = _groups(before), _groups(after)
    found: list[Match] = []

    def match(one: Group, other: Group, by: str) -> None:
        left.remove(one)
        right.remove(other)
        found.append(Match(before=one, after=other, by=by))

    for label, other_label in chosen:
        match(_group_named(label, left, "before"), _group_named(other_label, right, "after"), "--match")
    for key, by in _KEYS:
        for one, other in _alike(left, right, key):
            match(one, other, by)
    for one, other in _by_input(left, right):
        match(one, other, "input")
    found += [Match(before=one, after=None) for one in left]
    found += [Match(before=None, after=other) for other in right]
    return tuple(sorted(found, key=lambda each: -each.turns))


def pairs_of(match: Match) -> Iterator[Pair]:
    """Yield the turns of a match that have the same input: the first with the first, and so on."""
    if match.before is None or match.after is None:
        return
    waiting: defaultdict[str, deque[Unit]] = defaultdict(deque)
    for unit in match.after.units:
        waiting[_collapsed(unit.question)].append(unit)
    for unit in match.before.units:
        question = _collapsed(unit.question)
        if question and waiting[question]:
            yield Pair(before=unit, after=waiting[question].popleft())


_KEYS: tuple[tuple[Callable[[Group], Hashable], str], ...] = (
    (lambda group: group.name, "name"),
    (
        lambda group: (group.instructions, group.model) if group.instructions else None,
        "instructions and model",
    ),
    (lambda group: group.instructions or None, "instructions"),
    (lambda group: None if group.instructions else group.model, "model"),
)
"""The keys by which groups are matched, the most reliable first; a key of ``None`` matches nothing."""


def _groups(units: Iterable[Unit]) -> list[Group]:
    members: defaultdict[Hashable, list[Unit]] = defaultdict(list)
    for unit in units:
        model = DATE.sub("", unit.model or "")
        members[unit.name or (_collapsed(unit.instructions or ""), model)].append(unit)
    return [Group(units=tuple(of_group)) for of_group in members.values()]


def _alike(
    left: Sequence[Group], right: Sequence[Group], key: Callable[[Group], Hashable]
) -> list[tuple[Group, Group]]:
    """Return pairs of groups with the same key, which no other group of their side has."""
    ours, theirs = ([(key(group), group) for group in side] for side in (left, right))
    times = [Counter(name for name, _ in side) for side in (ours, theirs)]
    others = dict(theirs)
    return [
        (group, others[name])
        for name, group in ours
        if name is not None and [count[name] for count in times] == [1, 1]
    ]


def _by_input(left: Sequence[Group], right: Sequence[Group]) -> Iterator[tuple[Group, Group]]:
    """Yield pairs of groups that share at least half of their questions, those that share the most first."""
    ours, theirs = ([(group.questions, group) for group in side] for side in (left, right))
    common = [
        (len(asked & asked_there), one, other)
        for asked, one in ours
        for asked_there, other in theirs
        if 2 * len(asked & asked_there) >= max(1, min(len(asked), len(asked_there)))
    ]
    taken: set[int] = set()
    for _, one, other in sorted(common, key=lambda each: -each[0]):
        if not {id(one), id(other)} & taken:
            taken |= {id(one), id(other)}
            yield one, other


def _group_named(label: str, groups: Sequence[Group], side: str) -> Group:
    exact = [group for group in groups if label in {group.name, group.label}]
    found = exact or [group for group in groups if group.label.startswith(label)]
    if len(found) == 1:
        return found[0]
    there = listed(escaped(repr(group.label)) for group in (found or groups))
    problem = "has several of that name" if found else "has none"
    raise ConfigurationError(f"--match {label!r}: the side {side} {problem}; it has {there}")


def _collapsed(text: str) -> str:
    return " ".join(text.split())
