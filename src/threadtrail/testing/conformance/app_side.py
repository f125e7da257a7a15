"""Checks of what affects the application: its start, its threads, its process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import process_state, rules
from threadtrail.testing.conformance.case import skip_until_fixed
from threadtrail.testing.conformance.problem import Problem
from threadtrail.testing.conformance.stories import story

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from threadtrail.testing.conformance.case import Case

CAPTURE_SECONDS = 0.001
"""The maximum time of ``capture_context``, which should take microseconds."""

GRACE_SECONDS = 10.0
"""The maximum time that threads may run after ``shutdown`` has returned."""

ROUNDS, CALLS = 5, 20


def starts(case: Case) -> None:
    """``start`` neither raises nor connects."""
    with case.watching() as watch:
        driver = case.drive(start=False)
        before = len(watch.sockets.connected)
        driver.start()
        connected = watch.sockets.connected[before:]
    if connected:
        raise Problem(
            rules.STARTS,
            seen=f"start() connected to {', '.join(connected)}.",
            fix="connect in the first export(), so that an application can start while the backend is "
            "unavailable.",
        )


def does_not_block(case: Case) -> None:
    """The two hooks that the application waits for are quick."""
    with case.watching():
        driver = case.drive(start=False)
        began = time.perf_counter()
        driver.start()
        start_seconds = time.perf_counter() - began
        driver.publish(story(case.sample, 1))  # the exporter is at work, in its own thread
        captures = driver.in_app(
            lambda: min(_round(driver.delivery.capture) for _ in range(ROUNDS)), "capture"
        )
        driver.shutdown()
    if start_seconds > case.author.start_seconds:
        raise Problem(
            rules.NO_BLOCKING,
            seen=f"start() took {start_seconds:.1f} s, and instrument() waits for it.",
            fix="do what takes time in the first export(); start() may take "
            f"{case.author.start_seconds:g} s (start_seconds in your test class).",
        )
    seconds, _ = captures
    if seconds > CAPTURE_SECONDS:
        raise Problem(
            rules.NO_BLOCKING,
            seen=f"capture_context() took {seconds * 1000:.1f} ms in the app's thread, for every run.",
            fix="only take references in it, and read them in export(). Do no input or output, and take no "
            f"lock that export() holds. It may take {CAPTURE_SECONDS * 1000:g} ms.",
        )


def check_finds_nothing_wrong(case: Case) -> None:
    """``check``, if there is one, with a backend that accepts everything."""
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
            fix="return a short sentence or None, and raise only if events cannot be delivered.",
            error=error,
        )


def _still_running(threads: set[threading.Thread], seconds: float) -> list[str]:
    """Return the names of the threads that are still running after some time."""
    deadline = time.monotonic() + min(seconds, GRACE_SECONDS)
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(thread.name for thread in threads if thread.is_alive())


def _round(capture: Callable[[], object]) -> float:
    """Return the average seconds per call."""
    began = time.perf_counter()
    for _ in range(CALLS):
        capture()
    return (time.perf_counter() - began) / CALLS


def leaves_the_process(case: Case) -> None:
    """Nothing that belongs to the whole process is changed, during the exporter's work or after it."""
    process_state.import_sdk()
    with case.watching():
        driver = case.drive(start=False)
        before = process_state.look()
        try:
            driver.start()
            driver.publish(story(case.sample, 1))
            driver.flush()
            at_work = process_state.look()
            driver.shutdown()
        except Problem as problem:  # this rule is checked early; another rule is about that
            skip_until_fixed(problem.seen, {problem.rule})
        afterwards = process_state.look()
    changed = process_state.differences(before, at_work) | process_state.differences(before, afterwards)
    if left := _still_running(driver.threads_of_exporter(afterwards.threads - before.threads), case.deadline):
        changed["threads"] = f"left running after shutdown ({', '.join(left)})"
    if changed:
        raise Problem(
            rules.STATE,
            seen="; ".join(f"{what}: {how}" for what, how in changed.items()) + ".",
            fix="use private objects (provider, logger, session), and do not change what is global.",
        )
