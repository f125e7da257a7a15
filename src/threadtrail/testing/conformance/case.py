"""One test of the kit: it puts the exporter to work, runs a check, and reports the result to pytest."""

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
"""The rules that are checked even for an exporter that hangs. Each other one would wait for the deadline."""

_broken: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()
"""The rules that are known to be broken, by the author's test class."""


class Case:
    """What a check works with; ``sample`` is the sample run that it publishes with many ids."""

    def __init__(self, author: Author, request: pytest.FixtureRequest, folder: Path) -> None:
        self.author = author
        self.folder = folder
        self.deadline: float = author.deadline_seconds
        self.sample: str = author.sample
        self._request = request
        self._drivers: list[Driver] = []

    def exporter(self, fixture: str = "exporter") -> object:
        """Make the author's exporter with the fixture now, so that what it writes from its start is seen."""
        made: object = self._request.getfixturevalue(fixture)
        return made

    def drive(self, fixture: str = "exporter", *, start: bool = True) -> Driver:
        """Make the exporter and its driver, and start it."""
        driver = Driver(self.exporter(fixture), deadline=self.deadline)
        self._drivers.append(driver)
        if start:
            driver.start()
        return driver

    @contextlib.contextmanager
    def watching(self) -> Iterator[Watch]:
        """Watch what is written during the block."""
        with Watch(self.folder) as watch:
            yield watch

    def arrivals(self, watch: Watch) -> Arrivals:
        """Return a count of the runs that arrived."""
        return Arrivals(self.author, watch)

    def judge(self, check: Callable[[Case], None], rule: str) -> None:
        """Run a check; fail the test with a text for the author, or skip it with a reason."""
        known = _broken.setdefault(type(self.author), set())
        if rules.NEVER_HANGS in known and rule not in EVEN_IF_IT_HANGS:
            skip_until_fixed("the exporter hangs.", {rules.NEVER_HANGS})
        problem = None
        try:
            check(self)
        except NotCheckedError as missing:
            if explained := known.intersection(missing.after):
                skip_until_fixed(missing.seen, explained)
            pytest.skip(f"{NOT_CHECKED}{missing}")
        except Problem as found:
            problem = found
        finally:
            self._leave()
        if problem is None:
            return
        explained = known & {*problem.after, problem.rule} - {rule}
        if explained:
            skip_until_fixed(problem.seen, explained)
        known.add(problem.rule)
        pytest.fail(problem.text(self._text_of(problem.rule)), pytrace=False)

    def _text_of(self, rule: str) -> str:
        text = inspect.getdoc(getattr(self.author, rule)) or ""  # if it is overridden, the text of the kit
        return " ".join(text.partition("\n\n")[0].split()).replace("``", "`")

    def _leave(self) -> None:
        # Not in a fixture's teardown: the author's backend would be closed before.
        for driver in self._drivers:
            driver.leave()


def skip_until_fixed(seen: str, broken: Iterable[str]) -> NoReturn:
    """Skip the test because of broken rules, whose own tests fail."""
    pytest.skip(f"not checked yet: {seen} Fix first: {', '.join(sorted(broken))}")
