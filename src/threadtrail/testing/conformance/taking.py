"""Checks of ``export``: whatever event it is given, in whichever of its threads."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.problem import NotCheckedError, Problem
from threadtrail.testing.conformance.stories import PLAIN, kinds_of_run, story, unknown_event
from threadtrail.testing.samples import events_of, sample_events, sample_runs

if TYPE_CHECKING:
    from threadtrail.events import Run
    from threadtrail.testing.conformance.case import Case
    from threadtrail.testing.conformance.driving import Driver, Raised

SHOWN = 3
FIELDS_SHOWN = 6
EMPTY = (None, (), "")
TAKING = (rules.TAKES_EVENTS, rules.TAKES_RUNS)


def every_event_class(case: Case) -> None:
    """Each event by itself, in the thread that called ``start``."""
    with case.watching():
        driver = case.drive()
        failures: dict[str, Raised] = {}
        for event in sample_events():
            for raised in driver.export([event]):
                failures.setdefault(event.event, raised)
    if failures:
        raise Problem(
            rules.TAKES_EVENTS,
            seen=_listed(failures),
            mend="look at the classes that you want with isinstance, and pass over all others.",
            error=next(iter(failures.values())).error,
        )


def every_kind_of_run(case: Case) -> None:
    """Whole runs, tame and odd."""
    with case.watching():
        driver = case.drive()
        failures: dict[str, Raised] = {}
        first: Run | None = None
        for name, run in kinds_of_run():
            for raised in driver.export(events_of(run)):
                first = first or run
                failures.setdefault(f"a run with {name!r}", raised)
    if first is not None:
        raise Problem(
            rules.TAKES_RUNS,
            seen=_listed(failures),
            mend=f"{_what_is_missing(first)}expect None and empty values in most fields, new kinds and "
            "statuses, and any character in text.",
            after=(rules.TAKES_EVENTS,),
            error=next(iter(failures.values())).error,
        )


def unknown_event_class(case: Case) -> None:
    """An event of a new class between two runs: it is passed over, its neighbours arrive."""
    with case.watching() as watch:
        driver = case.drive()
        driver.tell([*story(case.sample, 1), unknown_event(), *story(case.sample, 2)])
        driver.flush()
        arrivals = case.arrivals(watch)
        counts = arrivals.counts(range(1, 3))
        raised = driver.raised
        driver.shutdown()
    mend = "end a chain of isinstance checks with nothing: a later threadtrail may bring new classes."
    if raised:
        raise Problem(
            rules.UNKNOWN,
            seen=f"{raised[0]}",
            mend=mend,
            after=(*TAKING, rules.THREADS),
            error=raised[0].error,
        )
    if counts[1] and not counts[2]:
        raise Problem(
            rules.UNKNOWN,
            seen="the run after the unknown event did not arrive.",
            mend=mend,
            after=(rules.LOSES,),
        )


def its_threads(case: Case) -> None:
    """``start`` here, ``capture_context`` in the app's thread, all else in the worker's."""
    with case.watching():
        driver = case.drive()
        for number in (1, 2):
            driver.tell(story(case.sample, number))
            driver.flush()
        driver.tell(story(case.sample, 3))
        driver.shutdown()
    nothing_raised(driver)


def nothing_raised(driver: Driver) -> None:
    """What a hook raised where it should not.

    Raises:
        Problem: a hook raised.
    """
    if driver.raised:
        first = driver.raised[0]
        raise Problem(
            rules.THREADS,
            seen=f"{first}",
            mend="start() is called in the app's thread; export, flush and shutdown in one of their own. "
            "Make there what belongs to one thread (a sqlite3 connection, an event loop).",
            after=TAKING,
            error=first.error,
        )


def events_without_context(case: Case) -> None:
    """Where nothing could be captured, ``None`` stands in place of the exporter's own value."""
    with case.watching():
        driver = case.drive()
        raised = driver.export(sample_events(), with_context=False)
    if raised:
        raise Problem(
            rules.CONTEXT,
            seen=f"with None in contexts, {raised[0]}",
            mend="treat None in contexts as nothing known of the surroundings.",
            after=TAKING,
            error=raised[0].error,
        )


def events_stay_as_they_are(case: Case) -> None:
    """Events are shared by all exporters."""
    events = sample_events()
    before = [event.to_json() for event in events]
    with case.watching():
        driver = case.drive()
        driver.export(events)
        driver.shutdown()
    changed = [event.event for event, text in zip(events, before, strict=True) if event.to_json() != text]
    if changed:
        raise Problem(
            rules.UNCHANGED,
            seen=f"after export, these events differed from what was given: {', '.join(changed)}.",
            mend="copy what you want to change: dataclasses.replace(event, ...) or dict(value).",
        )


def hooks_are_valid(case: Case) -> None:
    """What the registry refuses; and without ``export``, there is nothing to check."""
    driver = case.drive(start=False)
    if driver.hooks.export is None:
        raise NotCheckedError("the exporter has no export hook, so no event reaches it")


def _what_is_missing(run: Run) -> str:
    """Which fields of a run are empty that those of a plain one are not, in words."""
    empty = [
        f"run.{field.name} is {value!r}"
        for field in fields(run)
        if (value := getattr(run, field.name)) in EMPTY
        and getattr(sample_runs()[PLAIN], field.name) not in EMPTY
    ]
    more = [f"{len(empty) - FIELDS_SHOWN} more are empty"] if len(empty) > FIELDS_SHOWN else []
    return f"in the first of these, {', '.join(empty[:FIELDS_SHOWN] + more)}: " if empty else ""


def _listed(failures: dict[str, Raised]) -> str:
    told = [f"{name}: {raised}" for name, raised in list(failures.items())[:SHOWN]]
    more = len(failures) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")
