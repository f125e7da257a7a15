"""Finds out whether an exporter tells of other runs than those of the author's ``sample``."""

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
"""Above those of all runs that the checks tell."""


class OtherSamples:
    """Runs of all other samples, for an exporter of which nothing was seen.

    They are told before the shutdown and looked for after it, since an exporter may write no earlier.
    """

    def __init__(self, case: Case) -> None:
        names = [name for name in sample_runs() if name != case.sample]
        self._numbers = dict(enumerate(names, FIRST_NUMBER))
        self._sample = case.sample

    def tell(self, driver: Driver) -> None:
        """Tell a run of each."""
        for number, name in self._numbers.items():
            driver.tell(story(name, number))

    def look(self, arrivals: Arrivals) -> None:
        """See which of them arrived, where no run of the author's sample did.

        Raises:
            Problem: some did.
        """
        counts = arrivals.counts(range(FIRST_NUMBER, FIRST_NUMBER + len(self._numbers)))
        told = [name for number, name in self._numbers.items() if counts[number]]
        if not told:
            return
        chosen = "failed" if "failed" in told else told[0]
        unseen = "" if arrivals.told_by_author else f" If it tells of all runs: {DEFINE_DELIVERED}"
        raise Problem(
            rules.LOSES,
            seen=f"runs of the sample {self._sample!r} did not arrive, not even one; but of these samples "
            f"they do: {', '.join(told)}.",
            mend=f'if the exporter tells of such runs only, set `sample = "{chosen}"` in your test class.'
            + unseen,
        )
