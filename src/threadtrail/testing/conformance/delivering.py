"""Checks of what arrives, and of ``flush`` and ``shutdown``."""

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
    """What arrived of thirty-one runs; ``expected`` is how often each should have arrived."""

    flushed: bool
    after_first_flush: int
    counts: Counter[int]
    expected: int


def deliver(case: Case) -> Delivered:
    """Publish one run and flush; many runs, and flush twice; one run, and shut down."""
    with case.watching() as watch:
        driver, arrivals = case.drive(), case.arrivals(watch)
        driver.publish(story(case.sample, 1))
        flushed = driver.flush()
        first = arrivals.count(1)
        for number in BATCH_OF_RUNS:
            driver.publish(story(case.sample, number))
        flushed = driver.flush() and driver.flush() and flushed
        driver.publish(story(case.sample, LAST_RUN))
        others = None if any(arrivals.counts(ALL_RUNS).values()) else OtherSamples(case)
        if others is not None:
            others.publish(driver)
        driver.shutdown()
        nothing_raised(driver)
        counts = arrivals.counts(ALL_RUNS)
        if others is not None and not any(counts.values()):
            others.check(arrivals)
        expected = 1 if arrivals.counted_by_author else first or arrivals.usual(counts)
    return Delivered(flushed=flushed, after_first_flush=first, counts=counts, expected=expected)


def loses_nothing(case: Case) -> None:
    """Everything has arrived after ``shutdown``, and what was exported before a ``flush`` after it."""
    delivered = deliver(case)
    if not delivered.flushed:
        raise Problem(
            rules.LOSES,
            seen="flush() returned False: the exporter could not deliver.",
            fix="use a backend that accepts everything in the fixture. flush() must not return False then.",
        )
    missing = [number for number in ALL_RUNS if delivered.counts[number] < delivered.expected]
    if not any(delivered.counts.values()):
        raise Problem(
            rules.LOSES,
            seen=f"none of {len(ALL_RUNS)} runs arrived, nor did a run of any other sample.",
            fix="write in export(), or in flush() and shutdown(). Check that delivered() reads what the "
            "exporter writes, and returns each run.id unchanged.",
        )
    if missing:
        raise Problem(
            rules.LOSES,
            seen=f"{len(missing)} of {len(ALL_RUNS)} runs did not arrive, or only in part: "
            f"{_named(missing)}.",
            fix="write in export(), or keep the events and write them in flush() and in shutdown().",
        )
    if not delivered.after_first_flush:
        raise Problem(
            rules.LOSES,
            seen=f"{run_id(1)} had not arrived when flush() returned; it arrived later.",
            fix="deliver in flush() everything that was exported before, or return False.",
        )


def repeats_nothing(case: Case) -> None:
    """Nothing arrives twice, also if ``flush`` is called repeatedly."""
    delivered = deliver(case)
    again = [number for number in ALL_RUNS if delivered.counts[number] > delivered.expected]
    if again:
        most = max(delivered.counts[number] for number in again)
        raise Problem(
            rules.REPEATS,
            seen=f"{len(again)} of {len(ALL_RUNS)} runs arrived more than once: {_named(again)} "
            f"(up to {most} times instead of {delivered.expected}).",
            fix="clear the buffer after writing it; flush() and shutdown() must not write it again.",
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
        driver.publish(story(case.sample, 1))
        driver.flush()
        driver.publish(story(case.sample, 2))
        driver.shutdown()


def shutdown_without_events(case: Case) -> None:
    """A shutdown of an exporter that exported nothing."""
    with case.watching():
        driver = case.drive()
        driver.flush()
        driver.shutdown()
    if driver.raised:
        raise Problem(
            rules.EMPTY,
            seen=f"no event was exported, and {driver.raised[0]}",
            fix="do not use in flush() or shutdown() what only export() sets up.",
            after=(rules.THREADS,),
            error=driver.raised[0].error,
        )


def second_shutdown(case: Case) -> None:
    """A second shutdown: the application, or the backend's SDK, may have closed the exporter before."""
    with case.watching() as watch:
        driver, arrivals = case.drive(), case.arrivals(watch)
        driver.publish(story(case.sample, 1))
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
            fix="remember in shutdown() that it was called, and do nothing when it is called again.",
            after=(*TAKING, rules.REPEATS),
            error=error,
        )


def _named(numbers: list[int]) -> str:
    names = [run_id(number) for number in numbers[:3]]
    return ", ".join(names) + (", …" if len(numbers) > len(names) else "")
