"""Checks of ``export``: that it takes every event, in every thread."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.problem import NotCheckedError, Problem
from threadtrail.testing.conformance.stories import (
    PLAIN,
    kinds_of_run,
    kinds_of_turn,
    story,
    unknown_event,
)
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
    """Export each event by itself, in the thread that called ``start``."""
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
            fix="look at event.event for those that you need, pass over all others, "
            "and correct what raises for those that you need.",
            error=next(iter(failures.values())).error,
        )


def every_kind_of_run(case: Case) -> None:
    """Export whole runs and turns, ordinary and unusual."""
    with case.watching():
        driver = case.drive()
        failures: dict[str, Raised] = {}
        first: Run | None = None
        for name, run in kinds_of_run():
            for raised in driver.export(events_of(run)):
                first = first or run
                failures.setdefault(f"a run with {name!r}", raised)
        for name, events in kinds_of_turn():
            for raised in driver.export(events):
                failures.setdefault(f"a turn with {name!r}", raised)
    if failures:
        missing = "" if first is None else _what_is_missing(first)
        raise Problem(
            rules.TAKES_RUNS,
            seen=_listed(failures),
            fix=f"{missing}expect None or an empty value in most fields, new kinds and "
            "statuses, and any character in text.",
            after=(rules.TAKES_EVENTS,),
            error=next(iter(failures.values())).error,
        )


def unknown_event_class(case: Case) -> None:
    """Publish an event of an unknown class between two runs: both runs arrive."""
    with case.watching() as watch:
        driver = case.drive()
        driver.publish([*story(case.sample, 1), unknown_event(), *story(case.sample, 2)])
        driver.flush()
        arrivals = case.arrivals(watch)
        counts = arrivals.counts(range(1, 3))
        raised = driver.raised
        driver.shutdown()
    fix = "ignore events of classes that you do not know: later versions of threadtrail may add some."
    if raised:
        raise Problem(
            rules.UNKNOWN,
            seen=f"{raised[0]}",
            fix=fix,
            after=(*TAKING, rules.THREADS),
            error=raised[0].error,
        )
    if counts[1] and not counts[2]:
        raise Problem(
            rules.UNKNOWN,
            seen="the run after the unknown event did not arrive.",
            fix=fix,
            after=(rules.LOSES,),
        )


def its_threads(case: Case) -> None:
    """Call ``start`` and ``capture_context`` in the app's thread, all other hooks in the worker."""
    with case.watching():
        driver = case.drive()
        for number in (1, 2):
            driver.publish(story(case.sample, number))
            driver.flush()
        driver.publish(story(case.sample, 3))
        driver.shutdown()
    nothing_raised(driver)


def nothing_raised(driver: Driver) -> None:
    """Check that no hook raised.

    Raises:
        Problem: a hook raised.
    """
    if driver.raised:
        first = driver.raised[0]
        raise Problem(
            rules.THREADS,
            seen=f"{first}",
            fix="start() is called in the app's thread; export(), flush() and shutdown() in a worker thread. "
            "Make there what belongs to one thread (a sqlite3 connection, an event loop).",
            after=TAKING,
            error=first.error,
        )


def events_without_context(case: Case) -> None:
    """Export events with ``None`` instead of what ``capture_context`` returns."""
    with case.watching():
        driver = case.drive()
        raised = driver.export(sample_events(), with_context=False)
    if raised:
        raise Problem(
            rules.CONTEXT,
            seen=f"with None in contexts, {raised[0]}",
            fix="accept None in contexts: it means that no context was captured.",
            after=TAKING,
            error=raised[0].error,
        )


def events_stay_as_they_are(case: Case) -> None:
    """Events stay as they are, since all exporters share them."""
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
            seen=f"export() changed these events: {', '.join(changed)}.",
            fix="change a copy: dataclasses.replace(event, ...) or dict(value).",
        )


def hooks_are_valid(case: Case) -> None:
    """The registry accepts the hooks, none is left unmarked, and there is an ``export``."""
    driver = case.drive(start=False)
    if driver.unmarked is not None:
        raise Problem(rules.HOOKS, seen=driver.unmarked.message, fix=driver.unmarked.advice)
    if driver.hooks.export is None:
        raise NotCheckedError("the exporter has no export hook, so no event reaches it")


def _what_is_missing(run: Run) -> str:
    """Return a text with the fields of a run that are empty, but not in an ordinary run."""
    empty = [
        f"run.{field.name} is {value!r}"
        for field in fields(run)
        if (value := getattr(run, field.name)) in EMPTY
        and getattr(sample_runs()[PLAIN], field.name) not in EMPTY
    ]
    more = [f"{len(empty) - FIELDS_SHOWN} more are empty"] if len(empty) > FIELDS_SHOWN else []
    return f"in the first of these, {', '.join(empty[:FIELDS_SHOWN] + more)}: " if empty else ""


def _listed(failures: dict[str, Raised]) -> str:
    shown = [f"{name}: {raised}" for name, raised in list(failures.items())[:SHOWN]]
    more = len(failures) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")
