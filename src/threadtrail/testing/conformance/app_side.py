"""Checks of what the application would feel: its start, its threads, its process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import process_state, rules
from threadtrail.testing.conformance.case import mend_first
from threadtrail.testing.conformance.problem import Problem
from threadtrail.testing.conformance.stories import story

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from threadtrail.testing.conformance.case import Case

CAPTURE_SECONDS = 0.001
"""How long ``capture_context`` may take; what it should take is microseconds."""

GRACE_SECONDS = 1.0
"""How long threads may take to end after ``shutdown`` has returned."""

ROUNDS, CALLS = 5, 20


def starts(case: Case) -> None:
    """``start`` with all that it needs, and nobody listening yet."""
    with case.watching() as watch:
        driver = case.drive(start=False)
        before = len(watch.sockets.connected)
        driver.start()
        connected = watch.sockets.connected[before:]
    if connected:
        raise Problem(
            rules.STARTS,
            seen=f"start() connected to {', '.join(connected)}.",
            mend="connect in the first export(): a backend that is away must not keep an application "
            "from starting.",
        )


def does_not_block(case: Case) -> None:
    """The two hooks that the application waits for: both are quick."""
    with case.watching():
        driver = case.drive(start=False)
        began = time.perf_counter()
        driver.start()
        start_seconds = time.perf_counter() - began
        driver.tell(story(case.sample, 1))  # the exporter is at work, in its own thread
        captures = driver.in_app(
            lambda: min(_round(driver.delivery.capture) for _ in range(ROUNDS)), "capture"
        )
        driver.shutdown()
    if start_seconds > case.author.start_seconds:
        raise Problem(
            rules.NO_BLOCKING,
            seen=f"start() took {start_seconds:.1f} s, and instrument() waits for it.",
            mend="leave to the first export() what takes time; start() has "
            f"{case.author.start_seconds:g} s (start_seconds, in your class).",
        )
    seconds, _ = captures
    if seconds > CAPTURE_SECONDS:
        raise Problem(
            rules.NO_BLOCKING,
            seen=f"capture_context() took {seconds * 1000:.1f} ms, in the app's thread, for every run.",
            mend="take hold of what is there and look at it in export(); do no input or output, take no lock "
            f"that export() holds (at most {CAPTURE_SECONDS * 1000:g} ms).",
        )


def check_finds_nothing_wrong(case: Case) -> None:
    """``check``, if there is one, with a backend that takes everything."""
    with case.watching():
        driver = case.drive()
        hook = driver.hooks.check
        if hook is None:
            return
        answer, error = driver.in_app(lambda: hook(timeout=case.deadline), "check")
    if error is not None or not isinstance(answer, str | None):
        raise Problem(
            rules.CHECK,
            seen=f"check() returned {answer!r}."
            if error is None
            else f"check() raised {type(error).__name__}: {error}",
            mend="return a short sentence or None, and raise only what keeps events from arriving.",
            error=error,
        )


def _still_running(threads: set[threading.Thread], seconds: float) -> list[str]:
    """The names of those that do not end, given some time for it."""
    deadline = time.monotonic() + min(seconds, GRACE_SECONDS)
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(thread.name for thread in threads if thread.is_alive())


def _round(capture: Callable[[], object]) -> float:
    """Seconds per call, of many."""
    began = time.perf_counter()
    for _ in range(CALLS):
        capture()
    return (time.perf_counter() - began) / CALLS


def leaves_the_process(case: Case) -> None:
    """Nothing that belongs to the whole process is changed by the exporter at work, or after it."""
    process_state.import_sdk()
    with case.watching():
        driver = case.drive(start=False)
        before = process_state.look()
        try:
            driver.start()
            driver.tell(story(case.sample, 1))
            driver.flush()
            at_work = process_state.look()
            driver.shutdown()
        except Problem as problem:  # this rule comes first, and that is the business of others
            mend_first(problem.seen, {problem.rule})
        afterwards = process_state.look()
    changed = process_state.differences(before, at_work) | process_state.differences(before, afterwards)
    if left := _still_running(driver.threads_of_exporter(afterwards.threads - before.threads), case.deadline):
        changed["threads"] = f"left running after shutdown ({', '.join(left)})"
    if changed:
        raise Problem(
            rules.STATE,
            seen="; ".join(f"{what}: {how}" for what, how in changed.items()) + ".",
            mend="use objects of your own (a private provider, logger, session) and leave what is global.",
        )
