"""Checks of what arrives, and of the ends: flush and shutdown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.other_samples import OtherSamples
from threadtrail.testing.conformance.problem import Problem, blamed_on
from threadtrail.testing.conformance.stories import run_id, story
from threadtrail.testing.conformance.taking import TAKING, nothing_raised

if TYPE_CHECKING:
    from threadtrail.testing.conformance.case import Case

BATCH_OF_RUNS = range(2, 31)
LAST_RUN = 31
ALL_RUNS = range(1, LAST_RUN + 1)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What arrived of thirty-one runs; ``expected`` is how often each should have."""

    flushed: bool
    after_first_flush: int
    counts: Counter[int]
    expected: int


def deliver(case: Case) -> Delivered:
    """One run and a flush; many runs in several batches and two flushes; one run and the shutdown."""
    with case.watching() as watch:
        driver, arrivals = case.drive(), case.arrivals(watch)
        driver.tell(story(case.sample, 1))
        flushed = driver.flush()
        first = arrivals.count(1)
        for number in BATCH_OF_RUNS:
            driver.tell(story(case.sample, number))
        flushed = driver.flush() and driver.flush() and flushed
        driver.tell(story(case.sample, LAST_RUN))
        others = None if any(arrivals.counts(ALL_RUNS).values()) else OtherSamples(case)
        if others is not None:
            others.tell(driver)
        driver.shutdown()
        nothing_raised(driver)
        counts = arrivals.counts(ALL_RUNS)
        if others is not None and not any(counts.values()):
            others.look(arrivals)
        expected = 1 if arrivals.told_by_author else first or arrivals.usual(counts)
    return Delivered(flushed=flushed, after_first_flush=first, counts=counts, expected=expected)


def loses_nothing(case: Case) -> None:
    """Everything is there after ``shutdown``, and what was flushed after ``flush``."""
    told = deliver(case)
    if not told.flushed:
        raise Problem(
            rules.LOSES,
            seen="flush() returned False: the exporter says that it could not deliver.",
            mend="give the fixture a backend that takes everything; then flush() must not return False.",
        )
    missing = [number for number in ALL_RUNS if told.counts[number] < told.expected]
    if not any(told.counts.values()):
        raise Problem(
            rules.LOSES,
            seen=f"of {len(ALL_RUNS)} runs, none arrived, nor did a run of any other sample.",
            mend="write in export(), or in flush() and shutdown(); and see whether delivered() looks where "
            "the exporter writes, and returns each run.id as it is.",
        )
    if missing:
        raise Problem(
            rules.LOSES,
            seen=f"of {len(ALL_RUNS)} runs, {len(missing)} did not arrive (or not whole): {_named(missing)}.",
            mend="write in export(), or keep what you hold and write it in flush() and in shutdown().",
        )
    if not told.after_first_flush:
        raise Problem(
            rules.LOSES,
            seen=f"{run_id(1)} had not arrived when flush() returned; it came later.",
            mend="deliver in flush() all that export() was given, or return False.",
        )


def repeats_nothing(case: Case) -> None:
    """Nothing arrives twice, however often ``flush`` is called."""
    told = deliver(case)
    again = [number for number in ALL_RUNS if told.counts[number] > told.expected]
    if again:
        most = max(told.counts[number] for number in again)
        raise Problem(
            rules.REPEATS,
            seen=f"of {len(ALL_RUNS)} runs, {len(again)} arrived more than once: {_named(again)} "
            f"(up to {most} times what was expected, {told.expected}).",
            mend="empty your buffer once it is written; flush() and shutdown() must not write it again.",
        )


def never_hangs(case: Case) -> None:
    """Every hook returns within the deadline."""
    with case.watching():
        driver = case.drive(start=False)
        try:
            driver.start()
        except Problem as problem:
            if problem.rule != rules.NEVER_HANGS:
                return  # it did not hang
            raise
        driver.tell(story(case.sample, 1))
        driver.flush()
        driver.tell(story(case.sample, 2))
        driver.shutdown()


def shutdown_without_events(case: Case) -> None:
    """Started, and stopped before anything happened."""
    with case.watching():
        driver = case.drive()
        driver.flush()
        driver.shutdown()
    if driver.raised:
        raise Problem(
            rules.EMPTY,
            seen=f"no event was exported, and {driver.raised[0]}",
            mend="make no use in flush() and shutdown() of what only export() sets up.",
            after=(rules.THREADS,),
            error=driver.raised[0].error,
        )


def second_shutdown(case: Case) -> None:
    """The application's own clean-up, or the SDK's, may have closed the exporter before."""
    with case.watching() as watch:
        driver, arrivals = case.drive(), case.arrivals(watch)
        driver.tell(story(case.sample, 1))
        driver.shutdown()
        nothing_raised(driver)
        before = arrivals.count(1)
        hook = driver.hooks.shutdown
        if hook is None:
            return
        with blamed_on(rules.SECOND):
            _, error = driver.in_app(lambda: hook(timeout=case.deadline), "a second shutdown")
        after = arrivals.count(1)
    if error is not None or after > before:
        raise Problem(
            rules.SECOND,
            seen=f"the second shutdown() raised {type(error).__name__}: {error}"
            if error is not None
            else "the second shutdown() wrote the last run again.",
            mend="let shutdown() note that it was there, and do nothing when it comes again.",
            after=(*TAKING, rules.REPEATS),
            error=error,
        )


def _named(numbers: list[int]) -> str:
    names = [run_id(number) for number in numbers[:3]]
    return ", ".join(names) + (", …" if len(numbers) > len(names) else "")
