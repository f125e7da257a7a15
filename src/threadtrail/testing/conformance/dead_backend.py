"""The check that an unavailable backend does not affect the application, and that the loss is reported."""

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
    """Runs, flushes and the shutdown with a backend that accepts nothing."""
    with case.watching(), blamed_on(rules.DEAD):
        driver = case.drive("exporter_with_dead_backend")
        answers = []
        for number in NUMBERS:
            driver.publish(story(case.sample, number))
            answers.append(driver.flush())
        if driver.hooks.check is not None:
            # Its result does not matter: a full disk is found only by writing, which a check must not do.
            check = partial(driver.hooks.check, timeout=case.deadline)
            driver.in_app(check, "check")
        answers.append(driver.shutdown())
        status = driver.status
    reported = status.failed > 0 or not all(answers)
    if not reported:
        raise Problem(
            rules.DEAD,
            seen=f"the backend is unavailable, but {status.delivered} events count as delivered, and flush() "
            "and shutdown() reported no loss.",
            fix="raise in export() if events could not be delivered: threadtrail contains the error, counts "
            "the events as failed, and shows both in status(). Return False from flush() if it could not "
            "deliver what export() kept: threadtrail.flush() then returns False, but these events are not "
            "counted.",
        )
