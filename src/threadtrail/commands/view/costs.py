"""What runs cost, where the library ``genai-prices`` is installed; without it the page has no costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail import prices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.commands.view.groups import Entry
    from threadtrail.commands.view.values import Object


def cost_fields(entries: Sequence[Entry]) -> Object:
    """Return what a run, or the runs of a turn, cost: an amount, and in words what of it is not known."""
    costs = prices.total(entry.cost for entry in entries if entry.cost is not None)
    if not costs.runs:
        return {}
    unpriced = "; ".join([*costs.unknown, *costs.notes])
    return {
        "cost": None if costs.amount is None else float(costs.amount),
        "priced": f"{costs.prices}, {costs.currency}",
        "unpriced": unpriced,
    }


def sums(entries: Sequence[Entry]) -> Object:
    """Return whose prices those of the page are, and what has none; empty if there are no costs."""
    costs = prices.total(entry.cost for entry in entries if entry.cost is not None)
    if not costs.runs:
        return {}
    return {
        "currency": costs.currency,
        "prices": costs.prices,
        "unpriced": costs.unpriced,
        "unknown": list(costs.unknown),
    }
