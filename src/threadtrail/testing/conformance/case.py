"""One test of the kit: the exporter under test, how to look at it, and what becomes of what is found."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, NoReturn
from weakref import WeakKeyDictionary

import pytest

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.arrivals import Arrivals
from threadtrail.testing.conformance.driving import Driver
from threadtrail.testing.conformance.problem import NOT_CHECKED, NotCheckedError, Problem
from threadtrail.testing.conformance.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from threadtrail.testing.conformance.author import Author

EVEN_IF_IT_HANGS = frozenset({rules.NEVER_HANGS, rules.HOOKS, rules.IMPORT})
"""All others would wait for the deadline, each for itself."""

_broken: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()
"""The rules that are known to be broken, by the author's test class."""


class Case:
    """What a check works with; ``sample`` names the sample run that it tells under many ids."""

    def __init__(self, author: Author, request: pytest.FixtureRequest, folder: Path) -> None:
        self.author = author
        self.folder = folder
        self.deadline = author.deadline_seconds
        self.sample = author.sample
        self._request = request
        self._drivers: list[Driver] = []

    def exporter(self, fixture: str = "exporter") -> object:
        """The author's exporter, made by the fixture now: what it writes from here on can be seen."""
        made: object = self._request.getfixturevalue(fixture)
        return made

    def drive(self, fixture: str = "exporter", *, start: bool = True) -> Driver:
        """Put the exporter to work, and start it."""
        driver = Driver(self.exporter(fixture), deadline=self.deadline)
        self._drivers.append(driver)
        if start:
            driver.start()
        return driver

    @contextlib.contextmanager
    def watching(self) -> Iterator[Watch]:
        """See what is written during the block."""
        with Watch(self.folder) as watch:
            yield watch

    def arrivals(self, watch: Watch) -> Arrivals:
        """Which runs arrived, as far as it can be seen."""
        return Arrivals(self.author, watch)

    def judge(self, check: Callable[[Case], None], rule: str) -> None:
        """Run a check; fail the test in the author's words, or skip it with a reason."""
        known = _broken.setdefault(type(self.author), set())
        if rules.NEVER_HANGS in known and rule not in EVEN_IF_IT_HANGS:
            mend_first("the exporter hangs.", {rules.NEVER_HANGS})
        problem = None
        try:
            check(self)
        except NotCheckedError as missing:
            if explained := known.intersection(missing.after):
                mend_first(missing.seen, explained)
            pytest.skip(f"{NOT_CHECKED}{missing}")
        except Problem as found:
            problem = found
        finally:
            self._leave()
        if problem is None:
            return
        explained = known & {*problem.after, problem.rule} - {rule}
        if explained:
            mend_first(problem.seen, explained)
        known.add(problem.rule)
        pytest.fail(problem.text(self._text_of(problem.rule)), pytrace=False)

    def _text_of(self, rule: str) -> str:
        text = inspect.getdoc(getattr(self.author, rule)) or ""  # that of the kit, where it is overridden
        return " ".join(text.partition("\n\n")[0].split()).replace("``", "`")

    def _leave(self) -> None:
        # Now, and not when the fixtures are undone: the author's backend would be undone before.
        for driver in self._drivers:
            driver.leave()


def mend_first(seen: str, broken: Iterable[str]) -> NoReturn:
    """Skip the test, because of rules whose own tests fail."""
    pytest.skip(f"not checked yet: {seen} Mend first: {', '.join(sorted(broken))}")
