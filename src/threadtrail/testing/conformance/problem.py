"""A result of the kit: a broken rule, what was seen, and how to fix it; or a rule that was not checked."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_CHECKED = "not checked: "
"""The prefix of a skip reason where the author can add something; the pytest plugin counts these."""

_OURS = Path(__file__).parents[2]
_EXPORTERS = _OURS / "exporters"


class Problem(Exception):  # noqa: N818 - the fault of an exporter, not an error of the kit
    """An exporter breaks a rule.

    Args:
        rule: the name of the test for the broken rule, whichever test found it.
        seen: what happened, in a sentence.
        fix: what the author can do.
        after: rules that explain this problem: if one of them is broken, the test is skipped.
        error: the exception behind it.
    """

    def __init__(
        self,
        rule: str,
        *,
        seen: str,
        fix: str,
        after: tuple[str, ...] = (),
        error: BaseException | None = None,
    ) -> None:
        super().__init__(seen)
        self.rule = rule
        self.seen: str = seen if seen.endswith(".") else f"{seen}."
        self.fix = fix
        self.after = after
        self.error = error

    def text(self, rule_text: str) -> str:
        """Return the text of the failed test."""
        lines = [f"{self.rule}: {rule_text}", f"  seen: {self.seen}", f"  fix: {self.fix}"]
        if self.error is not None:
            lines += ["", _traceback(self.error)]
        return "\n".join(lines)


@contextlib.contextmanager
def blamed_on(rule: str) -> Iterator[None]:
    """Attribute problems in this block to ``rule``, unless their own rule is known to be broken."""
    try:
        yield
    except Problem as problem:
        problem.after = (*problem.after, problem.rule)
        problem.rule = rule
        raise


class NotCheckedError(Exception):
    """A rule could not be checked.

    Args:
        seen: why not.
        add: what the author can add.
        after: rules that explain it: if one of them is broken, the author need not add anything.
    """

    def __init__(self, seen: str, *, add: str = "", after: tuple[str, ...] = ()) -> None:
        super().__init__(f"{seen} {add}".rstrip())
        self.seen = seen
        self.after = after


def _traceback(error: BaseException) -> str:
    """Return the traceback of an error, from the first frame of the author's code on."""
    whole = frames = error.__traceback__
    while frames is not None and _is_ours(Path(frames.tb_frame.f_code.co_filename)):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames or whole)).rstrip()


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(_OURS) and not file.is_relative_to(_EXPORTERS)
