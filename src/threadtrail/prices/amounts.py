"""Amounts of money: the cost of one run, of several runs, and their text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CURRENCY = "USD"
"""The currency of all prices of ``genai-prices``."""

SIGNS = {CURRENCY: "$"}
FULL_CENTS = Decimal(1)
"""The amount from which cents are shown, and no more digits."""

DIGITS = 4
"""The decimal places of smaller amounts; still smaller ones have two digits that are not zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of one run. ``amount`` is ``None`` if it is not known, and ``unknown`` is then the reason.

    ``model`` and ``provider`` are the names under which the library ``prices`` (with its version) has the
    price; ``at`` is when the run began (Unix nanoseconds), since prices are those of its day. ``notes`` are
    the assumptions, and what is billed apart and not in the amount.
    """

    amount: Decimal | None = None
    currency: str = CURRENCY
    model: str | None = None
    provider: str | None = None
    at: int | None = None
    prices: str = ""
    unknown: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def elsewhere(self) -> bool:
        """Whether the run was on a server without known prices, such as one of the app's own."""
        return self.provider is None

    @property
    def text(self) -> str:
        """The amount, such as ``$0.0042``, or why there is none."""
        return f"no price: {self.unknown}" if self.amount is None else money(self.amount, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The cost of several runs together: ``amount`` is that of the runs whose price is known.

    It is ``None`` if no price is known. ``unpriced`` counts the runs without a price, ``unknown`` has the
    reasons,
    and ``notes`` hold those of the runs, each once. ``elsewhere``: all of them ran on servers without known
    prices.
    """

    amount: Decimal | None = None
    currency: str = CURRENCY
    runs: int = 0
    unpriced: int = 0
    prices: str = ""
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    elsewhere: bool = False

    @property
    def text(self) -> str:
        """The amount, and how many runs have no price: ``$1.20; of 10 runs, 1 has no price``."""
        missing = without_price(self.unpriced, self.runs)
        if self.amount is None:
            return missing
        amount = money(self.amount, self.currency)
        return f"{amount}; {missing}" if self.unpriced else amount


def without_price(unpriced: int, runs: int) -> str:
    """Return how many of the runs have no price: ``of 10 runs, 1 has no price``."""
    has = "has" if unpriced == 1 else "have"
    return f"of {runs} {'run' if runs == 1 else 'runs'}, {unpriced} {has} no price"


def total(costs: Iterable[Cost]) -> Costs:
    """Return the sum of costs: of a turn, of a day, of all runs of a recording."""
    all_costs = tuple(costs)
    known = [cost.amount for cost in all_costs if cost.amount is not None]
    return Costs(
        amount=sum(known, start=Decimal(0)) if known else None,
        runs=len(all_costs),
        unpriced=len(all_costs) - len(known),
        prices=next((cost.prices for cost in all_costs if cost.prices), ""),
        unknown=_each_once(cost.unknown for cost in all_costs if cost.unknown is not None),
        notes=_each_once(note for cost in all_costs for note in cost.notes),
        elsewhere=all(cost.elsewhere for cost in all_costs),
    )


def money(amount: Decimal, currency: str = CURRENCY) -> str:
    """Return an amount as text: ``$12.50``, ``$0.0042``, ``$0.000013``."""
    sign = SIGNS.get(currency, f"{currency} ")
    size = abs(amount)
    minus = "-" if amount < 0 else ""
    if size >= FULL_CENTS or not size:
        return f"{minus}{sign}{size:,.2f}"
    places = max(DIGITS, 1 - size.adjusted())
    return f"{minus}{sign}{size:.{places}f}"


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
