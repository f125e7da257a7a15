"""Count which runs arrived at the backend: by the author's ``delivered``, or by what was written."""

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

NOT_SEEN = "the kit cannot see which runs arrived: nothing that was written contains their ids."
DEFINE_DELIVERED = (
    "define `def delivered(self)` in your test class: return the id of each run that arrived, once per "
    "arrival."
)
ADD = (
    f"To let it see them, {DEFINE_DELIVERED} If the exporter exports only some runs, also set `sample` to "
    'one of them, such as `sample = "failed"`.'
)


class Arrivals:
    """Counts what arrived so far.

    Without ``delivered`` the occurrences of each run's id are counted. The runs differ only in their ids, so
    all ids must occur equally often.
    """

    def __init__(self, author: Author, watch: Watch) -> None:
        self._author = author
        self._watch = watch

    @property
    def counted_by_author(self) -> bool:
        """Whether the author defines ``delivered``, so that each arrival counts as one."""
        return self._author.delivered() is not None

    def count(self, number: int) -> int:
        """Return how often the numbered run arrived, or its id occurs."""
        return self.counts(range(number, number + 1))[number]

    def counts(self, numbers: range) -> Counter[int]:
        """Return how often each of the numbered runs arrived, or its id occurs."""
        delivered = self._author.delivered()
        if delivered is not None:
            arrived = Counter(delivered)
            return Counter({number: arrived[run_id(number)] for number in numbers})
        written = self.written()
        return Counter({number: written.count(run_id(number).encode()) for number in numbers})

    def written(self) -> bytes:
        """Return everything that was written, concatenated.

        Files of databases are left out: they repeat whole pages, so occurrences there mean nothing.
        """
        everything = everything_written(self._author, self._watch).items()
        return b"\n".join(
            data for where, data in everything if not (where.startswith(FILE) and b"\0" in data)
        )

    def usual(self, counts: Counter[int]) -> int:
        """Return how often each run should have arrived.

        Raises:
            NotCheckedError: no id occurs anywhere.
        """
        if self.counted_by_author:
            return 1
        if not any(counts.values()):
            raise NotCheckedError(NOT_SEEN, add=ADD, after=(rules.LOSES,))
        ((usual, _),) = Counter(count for count in counts.values() if count).most_common(1)
        return usual


def everything_written(author: Author, watch: Watch) -> dict[str, bytes]:
    """Return what the kit saw and what the author's ``written`` returns, by place."""
    found = watch.seen()
    more = author.written()
    if more:
        found["what written() returned"] = more.encode() if isinstance(more, str) else bytes(more)
    return found
