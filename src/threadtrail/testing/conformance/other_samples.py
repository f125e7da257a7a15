"""Find out whether an exporter exports other runs than those of the author's ``sample``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.arrivals import DEFINE_DELIVERED
from threadtrail.testing.conformance.problem import Problem
from threadtrail.testing.conformance.stories import story
from threadtrail.testing.samples import sample_runs

if TYPE_CHECKING:
    from threadtrail.testing.conformance.arrivals import Arrivals
    from threadtrail.testing.conformance.case import Case
    from threadtrail.testing.conformance.driving import Driver

FIRST_NUMBER = 101
"""Higher than the numbers of all other runs."""


class OtherSamples:
    """Runs of all other samples, for an exporter of which no run arrived.

    They are published before the shutdown and counted after it, since an exporter may write only then.
    """

    def __init__(self, case: Case) -> None:
        names = [name for name in sample_runs() if name != case.sample]
        self._numbers = dict(enumerate(names, FIRST_NUMBER))
        self._sample = case.sample

    def publish(self, driver: Driver) -> None:
        """Publish a run of each sample."""
        for number, name in self._numbers.items():
            driver.publish(story(name, number))

    def check(self, arrivals: Arrivals) -> None:
        """Look for these runs, after no run of the author's sample arrived.

        Raises:
            Problem: some arrived.
        """
        counts = arrivals.counts(range(FIRST_NUMBER, FIRST_NUMBER + len(self._numbers)))
        arrived = [name for number, name in self._numbers.items() if counts[number]]
        if not arrived:
            return
        chosen = "failed" if "failed" in arrived else arrived[0]
        unseen = "" if arrivals.counted_by_author else f" If it exports all runs, {DEFINE_DELIVERED}"
        raise Problem(
            rules.LOSES,
            seen=f"no run of the sample {self._sample!r} arrived, but runs of these samples did: "
            f"{', '.join(arrived)}.",
            fix=f'if the exporter exports only such runs, set `sample = "{chosen}"` in your test class.'
            + unseen,
        )
