"""The check that a backend that is away costs the application nothing, and that the loss is told."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.problem import Problem, blamed_on
from threadtrail.testing.conformance.stories import story

if TYPE_CHECKING:
    from threadtrail.testing.conformance.case import Case

NUMBERS = range(1, 4)


def survives_a_dead_backend(case: Case) -> None:
    """Runs, flushes and the shutdown, while nobody is there to take anything."""
    with case.watching(), blamed_on(rules.DEAD):
        driver = case.drive("exporter_with_dead_backend")
        answers = []
        for number in NUMBERS:
            driver.tell(story(case.sample, number))
            answers.append(driver.flush())
        if driver.hooks.check is not None:
            # What it finds is its own business: a full disk shows only to who writes, and a check must not.
            check = partial(driver.hooks.check, timeout=case.deadline)
            driver.in_app(check, "check")
        answers.append(driver.shutdown())
        status = driver.status
    told = status.failed > 0 or not all(answers)
    if not told:
        raise Problem(
            rules.DEAD,
            seen=f"the backend is away, but {status.delivered} events count as delivered, and flush() and "
            "shutdown() say that all went well.",
            mend="raise from export() what could not be delivered, or return False from flush(): "
            "threadtrail contains and counts it, and status() tells.",
        )
