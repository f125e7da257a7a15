"""Where a run's tokens stand among its generations: each token once, and their sum is the run's."""

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
    """Share a run's usage out: to the generations of its steps, and to one for the whole run.

    The steps' own numbers stand where they fit into the run's; what they leave over goes to the last
    generation that has no usage of its own, or else to the last. Where they cannot be right (they say
    more than the run) or say nothing, they are left out, and the run's usage stands once, on a
    generation for the whole run: on none of the steps, since nobody knows which of them used it.

    Args:
        run_usage: the run's; ``None`` (some servers give none) leaves the steps' as they are.
        step_usages: one per generation made from a step, in order.

    Returns:
        One usage per step, and that of the whole-run generation (``None``: it needs none).
    """
    if run_usage is None:
        return list(step_usages), None
    # A part that the run does not have is not added up either: the sum must equal the run's.
    untold: dict[str, Any] = dict.fromkeys(name for name in PARTS if getattr(run_usage, name) is None)
    placed = [usage and replace(usage, **untold) for usage in step_usages]
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
    """What ``part`` leaves of ``whole``; ``None`` if it is more than that in any number."""
    parts = [name for name in TOTALS + PARTS if getattr(whole, name) is not None]
    rest = {name: getattr(whole, name) - (getattr(part, name) or 0) for name in parts}
    return None if any(number < 0 for number in rest.values()) else Usage(**rest)


def _receiver(usages: Sequence[Usage | None], *, has_tokens: bool) -> int:
    """The index of the generation that takes what is left over (and if nothing is, of one with usage)."""
    wanted = [index for index, usage in enumerate(usages) if (usage is None) == has_tokens]
    return wanted[-1] if wanted else len(usages) - 1
