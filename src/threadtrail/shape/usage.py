"""Places a run's tokens on its generations: each token once, and their sum is the run's usage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.turn import PARTS, TOTALS, add_usages
from threadtrail.values import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence


def place_usage(
    run_usage: Usage | None, step_usages: Sequence[Usage | None]
) -> tuple[list[Usage | None], Usage | None]:
    """Distribute a run's usage over the generations of its steps, and one for the whole run.

    Each step keeps its own numbers if their sum is at most the run's. The rest goes to the last generation
    that has no usage of its own, or else to the last. If the steps' sum is more than the run's, or the steps
    have no usage, the run's usage is on the generation for the whole run, because it is unknown which step
    used it.

    Args:
        run_usage: the run's; ``None`` (some servers report none) leaves the steps' as they are.
        step_usages: one per generation made from a step, in order.

    Returns:
        One usage per step, and that of the whole-run generation (``None``: there is no need for it).
    """
    if run_usage is None:
        return list(step_usages), None
    # A part that the run does not have is left out of the steps too: the sum must equal the run's.
    unknown: dict[str, Any] = dict.fromkeys(name for name in PARTS if getattr(run_usage, name) is None)
    placed = [usage and replace(usage, **unknown) for usage in step_usages]
    if not placed:
        return [], run_usage
    if add_usages(placed) is None and run_usage.total_tokens + run_usage.input_tokens:
        return list(placed), run_usage
    rest = _subtract(run_usage, add_usages(placed) or Usage())
    if rest is None:
        return [None] * len(placed), run_usage
    receiver = _receiver(placed, has_tokens=any(getattr(rest, name) for name in TOTALS + PARTS))
    placed[receiver] = add_usages([placed[receiver], rest])
    return placed, None


def _subtract(whole: Usage, part: Usage) -> Usage | None:
    """Return the difference of ``whole`` and ``part``; ``None`` if any number of it is negative."""
    parts = [name for name in TOTALS + PARTS if getattr(whole, name) is not None]
    rest = {name: getattr(whole, name) - (getattr(part, name) or 0) for name in parts}
    return None if any(number < 0 for number in rest.values()) else Usage(**rest)


def _receiver(usages: Sequence[Usage | None], *, has_tokens: bool) -> int:
    """Return the index of the generation that takes the rest; if there is no rest, of one with usage."""
    wanted = [index for index, usage in enumerate(usages) if (usage is None) == has_tokens]
    return wanted[-1] if wanted else len(usages) - 1
