"""What the kit finds: a rule that is broken, what was seen, and what to do about it."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_CHECKED = "not checked: "
"""How the reason of a skip begins where something is missing; the pytest plugin counts these."""

_OURS = Path(__file__).parents[2]
_EXPORTERS = _OURS / "exporters"


class Problem(Exception):  # noqa: N818 - what is wrong with the exporter, not with the kit
    """An exporter breaks a rule.

    Args:
        rule: the name of the test that is about this, whichever test came upon it.
        seen: what happened, in a sentence.
        mend: what the author can do.
        after: rules that explain this one: where one of them is known to be broken, this is no news.
        error: the exception behind it.
    """

    def __init__(
        self,
        rule: str,
        *,
        seen: str,
        mend: str,
        after: tuple[str, ...] = (),
        error: BaseException | None = None,
    ) -> None:
        super().__init__(seen)
        self.rule = rule
        self.seen = seen if seen.endswith(".") else f"{seen}."
        self.mend = mend
        self.after = after
        self.error = error

    def text(self, rule_text: str) -> str:
        """The problem as the author reads it."""
        lines = [f"{self.rule}: {rule_text}", f"  seen: {self.seen}", f"  mend: {self.mend}"]
        if self.error is not None:
            lines += ["", _traceback(self.error)]
        return "\n".join(lines)


@contextlib.contextmanager
def blamed_on(rule: str) -> Iterator[None]:
    """What goes wrong in this block breaks ``rule``, unless the rule that it is about is broken anyway."""
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
        add: what the author can do about it.
        after: rules that explain it: where one of them is known to be broken, nothing is to be added.
    """

    def __init__(self, seen: str, *, add: str = "", after: tuple[str, ...] = ()) -> None:
        super().__init__(f"{seen} {add}".rstrip())
        self.seen = seen
        self.after = after


def _traceback(error: BaseException) -> str:
    """The error as Python shows it, from where the author's code begins."""
    whole = frames = error.__traceback__
    while frames is not None and _is_ours(Path(frames.tb_frame.f_code.co_filename)):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames or whole)).rstrip()


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(_OURS) and not file.is_relative_to(_EXPORTERS)
