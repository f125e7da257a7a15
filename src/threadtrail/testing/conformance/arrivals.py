"""Which runs arrived at the backend, and how often: as the author tells, or by what was written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.problem import NotCheckedError
from threadtrail.testing.conformance.stories import run_id
from threadtrail.testing.conformance.watching import FILE

if TYPE_CHECKING:
    from threadtrail.testing.conformance.author import Author
    from threadtrail.testing.conformance.watching import Watch

NOT_SEEN = "it cannot be seen which runs arrived, since their ids are in nothing that was written."
DEFINE_DELIVERED = (
    "define `def delivered(self)` in your test class: return the id of each run that arrived, as often as it "
    "did."
)
ADD = (
    f"So {DEFINE_DELIVERED} If the exporter tells of some runs only, also set `sample` to one of them: "
    '`sample = "failed"`, say.'
)


class Arrivals:
    """Looks at what arrived so far.

    Without ``delivered`` the mentions of each run's id are counted: the runs are alike, so each must be
    mentioned as often as the others.
    """

    def __init__(self, author: Author, watch: Watch) -> None:
        self._author = author
        self._watch = watch

    @property
    def told_by_author(self) -> bool:
        """Whether the author's ``delivered`` is there, so that one arrival counts as one."""
        return self._author.delivered() is not None

    def count(self, number: int) -> int:
        """How often the numbered run arrived, or is mentioned."""
        return self.counts(range(number, number + 1))[number]

    def counts(self, numbers: range) -> Counter[int]:
        """How often each of the numbered runs arrived, or is mentioned."""
        delivered = self._author.delivered()
        if delivered is not None:
            arrived = Counter(delivered)
            return Counter({number: arrived[run_id(number)] for number in numbers})
        written = self.written()
        return Counter({number: written.count(run_id(number).encode()) for number in numbers})

    def written(self) -> bytes:
        """All that was written, one after the other.

        Not files of a database, which write whole pages again and again: a mention there means nothing.
        """
        everything = everything_written(self._author, self._watch).items()
        return b"\n".join(
            data for where, data in everything if not (where.startswith(FILE) and b"\0" in data)
        )

    def usual(self, counts: Counter[int]) -> int:
        """How often each run should have arrived.

        Raises:
            NotCheckedError: nothing is mentioned anywhere.
        """
        if self.told_by_author:
            return 1
        if not any(counts.values()):
            raise NotCheckedError(NOT_SEEN, add=ADD, after=(rules.LOSES,))
        ((usual, _),) = Counter(count for count in counts.values() if count).most_common(1)
        return usual


def everything_written(author: Author, watch: Watch) -> dict[str, bytes]:
    """What the kit saw, and what the author's ``written`` adds to it."""
    found = watch.seen()
    more = author.written()
    if more:
        found["what written() returned"] = more.encode() if isinstance(more, str) else bytes(more)
    return found
