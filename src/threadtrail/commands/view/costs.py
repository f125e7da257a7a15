"""What runs cost, where the library ``genai-prices`` is installed; without it the page has no costs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from threadtrail import prices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.commands.view.values import Object
    from threadtrail.prices import Cost


def cost_fields(costs: Iterable[Cost | None]) -> Object:
    """Return what a run, or the runs of a turn, cost: the amount, and in words which part is unknown."""
    known = [cost for cost in costs if cost is not None]
    total = prices.total(known)
    if not known:
        return {}
    began = next((cost.at for cost in known if cost.at), None)
    day = "" if began is None else f", prices of {datetime.fromtimestamp(began / 1e9, UTC):%Y-%m-%d}"
    return {
        "cost": None if total.amount is None else float(total.amount),
        "priced": f"{total.currency}, {total.prices}{day}",
        "unpriced": "; ".join([*total.unknown, *total.notes]),
    }


def sums(costs: Iterable[Cost | None]) -> Object:
    """Return the source and the currency of the page's prices; empty if there are no costs."""
    total = prices.total(cost for cost in costs if cost is not None)
    return {"currency": total.currency, "prices": total.prices} if total.runs else {}
