"""The check that after a fork neither parent nor child loses or repeats anything."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from threadtrail.events import TraceEnded, TraceStarted
from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.arrivals import ADD, NOT_SEEN
from threadtrail.testing.conformance.child_process import in_child
from threadtrail.testing.conformance.problem import NotCheckedError, Problem, blamed_on
from threadtrail.testing.conformance.stories import run_id, story
from threadtrail.testing.conformance.taking import nothing_raised

if TYPE_CHECKING:
    from threadtrail.events import Event
    from threadtrail.testing.conformance.arrivals import Arrivals
    from threadtrail.testing.conformance.case import Case
    from threadtrail.testing.conformance.driving import Driver
    from threadtrail.testing.conformance.watching import Watch

BEFORE, HELD, CHILDS, PARENTS = range(1, 5)
RUNS = range(BEFORE, PARENTS + 1)
WHEN = {
    BEFORE: "a run that was delivered before the fork",
    HELD: "a run whose trace was open at the fork",
    CHILDS: "the child's run",
    PARENTS: "a run of the parent after the fork",
}
FIX = "in after_fork(), drop the events that the parent holds, and make new connections, files and locks."


def survives_a_fork(case: Case) -> None:
    """Four runs, each in a trace: before the fork, during it, in the child, in the parent after it."""
    if not hasattr(os, "fork"):
        raise NotCheckedError("this system cannot fork")
    with case.watching() as watch:
        driver, arrivals = case.drive(), case.arrivals(watch)
        driver.publish(_trace(case, BEFORE))
        driver.flush()
        first = arrivals.count(BEFORE)
        *held, end_of_trace = _trace(case, HELD)
        driver.publish(held)
        driver.wait_until_exported()
        nothing_raised(driver)
        child = in_child(lambda: _use_in_child(case, driver, arrivals, watch), 4 * case.deadline)
        with blamed_on(rules.FORK):
            driver.publish([end_of_trace, *_trace(case, PARENTS)])
            driver.shutdown()
        counts = arrivals.counts(RUNS)
    if child.trouble is not None:
        raise _broken(f"the forked child {child.trouble}.")
    _judge_child(child.result)
    if driver.raised:
        raise _broken(f"in the parent, after the fork, {driver.raised[0]}", driver.raised[0].error)
    of_child = Counter(dict(zip(RUNS, child.result["counts"], strict=True)))
    if not arrivals.counted_by_author and not any((counts + of_child).values()):
        raise NotCheckedError(
            f"the forked child ended without an error, but {NOT_SEEN}", add=ADD, after=(rules.LOSES,)
        )
    _judge_arrivals(1 if arrivals.counted_by_author else first, counts, of_child)


def _trace(case: Case, number: int) -> list[Event]:
    """Return the events of a numbered run in a trace of its own."""
    trace_id = f"trace_conformance{number:03}"
    run = story(case.sample, number, trace_id=trace_id)
    start, end = run[0].time, run[-1].time
    return [
        TraceStarted(time=start, name="lesson", trace_id=trace_id),
        *run,
        TraceEnded(time=end, started_at=start, name="lesson", trace_id=trace_id),
    ]


def _use_in_child(case: Case, driver: Driver, arrivals: Arrivals, watch: Watch) -> dict[str, Any]:
    """Use the inherited exporter in the child; return what happened, as JSON."""
    watch.sockets.forked()
    before = arrivals.counts(RUNS)
    driver.after_fork_in_child()
    hung, flushed = [], False
    try:
        driver.publish(_trace(case, CHILDS))
        flushed = driver.flush()
        driver.shutdown()
    except Problem as problem:
        hung.append(problem.seen)
    after = arrivals.counts(RUNS)
    return {
        "raised": [*map(str, driver.raised), *hung],
        "flushed": flushed,
        "shared": watch.sockets.shared,
        "counts": [after[number] - before[number] for number in RUNS],
    }


def _judge_child(child: dict[str, Any]) -> None:
    if child["raised"]:
        raise _broken(f"in the forked child, {child['raised'][0]}")
    if child["shared"]:
        raise _broken(
            f"the forked child sent over the connection that its parent uses, to {child['shared'][0]}, so "
            "their data is mixed."
        )
    if not child["flushed"]:
        raise _broken("in the forked child, flush() returned False.")


def _judge_arrivals(expected: int, counts: Counter[int], of_child: Counter[int]) -> None:
    """Compare ``counts``, which the parent sees at the end, and ``of_child``, which the child saw."""
    for number in RUNS:
        # The child's events may be seen by both processes (a file) or by one of them (a list, a server).
        seen = max(counts[number], of_child[number])
        if number != CHILDS and of_child[number]:
            raise _broken(f"{WHEN[number]} ({run_id(number)}) was delivered by the child (again).")
        if seen < expected:
            raise _broken(f"{WHEN[number]} ({run_id(number)}) did not arrive.")
        if seen > expected:
            raise _broken(f"{WHEN[number]} ({run_id(number)}) arrived more than once.")


def _broken(seen: str, error: BaseException | None = None) -> Problem:
    return Problem(rules.FORK, seen=seen, fix=FIX, after=(rules.LOSES, rules.REPEATS), error=error)
