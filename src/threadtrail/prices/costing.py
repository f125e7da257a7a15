"""Calculates the cost of a run: its usage and what is billed apart, by its provider's prices of that day."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from threadtrail import _install
from threadtrail._guard import guard
from threadtrail._text import closest
from threadtrail.events import RunEnded
from threadtrail.prices.amounts import Cost
from threadtrail.prices.billed_apart import image_usage, not_priced, searches
from threadtrail.turn import usage_of

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

    from threadtrail.values import Run, Usage

PROVIDERS = {
    # `Event.provider` -> the library's id.
    "openai": "openai",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "x_ai": "x-ai",
    "groq": "groq",
    "mistral_ai": "mistral",
    "deepseek": "deepseek",
    "moonshot_ai": "moonshotai",
    "perplexity": "perplexity",
}

STANDARD_TIERS = {"default", "auto", "standard"}


def installed() -> bool:
    """Return whether ``genai-prices`` is installed; it is not imported."""
    return importlib.util.find_spec("genai_prices") is not None


def cost(run: Run | RunEnded, *, provider: str | None = None) -> Cost:
    """Return the cost of a run, by the prices of the provider's own list on the day of the run.

    Args:
        run: the run, best as the event ``RunEnded``, which has the server of the run.
        provider: the provider whose prices count: as in ``Event.provider``, or an id of ``genai-prices``. By
            default the event's; for a ``Run`` alone, OpenAI's. Name one for a gateway of your own that passes
            requests on; otherwise, a server that is not known has no prices.

    Raises:
        ImportError: ``genai-prices`` is not installed.
    """
    if not installed():
        raise ImportError(
            f"Costs need the library genai-prices. Install it with: {_install.extra_command('prices')}"
        )
    name = provider or (run.provider if isinstance(run, RunEnded) else "openai")
    whose = _provider(name, chosen=provider is not None)
    if isinstance(run, RunEnded):
        return _Costing(run.run, run.time, name, whose).cost()
    return _Costing(run, run.ended_at, name, whose).cost()


def cost_or_none(run: Run | RunEnded, *, provider: str | None = None) -> Cost | None:
    """Return the result of ``cost``; ``None`` without ``genai-prices``, or if the library fails.

    For code that shows a run, with its cost as one detail.
    """
    if not installed():
        return None
    found: Cost | None = guard.call("costs by genai-prices", cost, run, provider=provider)
    return found


def tokens(usage: Usage) -> dict[str, int]:
    """Return the tokens of a run by the library's names, with the parts of the input and of the output."""
    counts = {
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cached_input_tokens or 0,
        "cache_write_tokens": usage.cache_write_input_tokens or 0,
        "output_tokens": usage.output_tokens,
        "output_reasoning_tokens": usage.reasoning_tokens or 0,
    }
    return {name: count for name, count in counts.items() if count}


def close_provider(name: str) -> str | None:
    """Return the name if ``cost`` has its prices; else the most similar name that it has, if any."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - as in `prices`

    if _provider(name, chosen=True) is not None:
        return name
    return closest(name, sorted({*PROVIDERS, *(provider.id for provider in get_snapshot().providers)}))


def prices() -> str:
    """Return the source of the prices: the library with its version, and the day of its update, if any."""
    import genai_prices  # noqa: PLC0415 - only who asks for costs pays for the import

    snapshot = genai_prices.data_snapshot.get_snapshot()
    updated = f", updated on {snapshot.timestamp:%Y-%m-%d}" if snapshot.from_auto_update else ""
    return f"genai-prices {genai_prices.__version__}{updated}"


def _provider(name: str, *, chosen: bool) -> str | None:
    """Return the library's id of a provider; ``None`` if it has none.

    A provider that is not well known is the address of a server. Then the address alone counts, since a
    program of the app's own may have "openai" in its name.
    """
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - as in `prices`

    if name in PROVIDERS:
        return PROVIDERS[name]
    by_id, by_address = (name, None) if chosen else (None, f"https://{name}/")
    try:
        return get_snapshot().find_provider(None, by_id, by_address).id
    except LookupError:
        return None


class _Costing:
    """Calculates the cost of one run."""

    def __init__(self, run: Run, time: int | None, provider_name: str, provider: str | None) -> None:
        self.run = run
        self.at = run.created_at if run.created_at is not None else time
        self.provider_name = provider_name
        self.provider = provider
        self.notes: list[str] = []

    def cost(self) -> Cost:
        """Return the cost, or why it is not known."""
        run, usage = self.run, usage_of(self.run)
        if self.provider is None:
            return self._unknown(f"the prices of {self.provider_name} are not known")
        if run.model is None or usage is None:
            return self._unknown(f"its {'model is' if run.model is None else 'tokens are'} not known")
        try:
            price = self._price(run.model, {**tokens(usage), **searches(run)})
        except LookupError:
            return self._unknown(f"{self.provider} has no model {run.model}")
        except ValueError:
            return self._unknown("its tokens do not add up")
        if price.model_price.input_mtok is None:
            return self._unknown(f"{run.model} has no price of tokens")
        return Cost(
            amount=price.total_price + self._images(),
            model=price.model.id,
            provider=self.provider,
            at=self.at,
            prices=prices(),
            notes=(*self.notes, *(f"without {what}" for what in not_priced(run, price.model_price))),
        )

    def _price(self, model: str, usage: dict[str, int]) -> PriceCalculation:
        """Return the price at the service tier of the run, or the standard price if there is no other."""
        standard = self._calculated(model, usage)
        tier = self.run.service_tier
        if tier is None or tier in STANDARD_TIERS:
            return standard
        price = self._calculated(model, usage, tier)
        if price.model_price == standard.model_price:
            self.notes.append(f"{model} at its standard price: none of the service tier {tier} is known")
        return price

    def _calculated(self, model: str, usage: dict[str, int], tier: str | None = None) -> PriceCalculation:
        import genai_prices  # noqa: PLC0415 - as in `prices`

        return genai_prices.calc_price(
            genai_prices.Usage(**usage),
            model,
            provider_id=self.provider,
            genai_request_timestamp=datetime.fromtimestamp(self.at / 1e9, UTC) if self.at else None,
            price_context={"service_tier": tier} if tier is not None else None,
        )

    def _images(self) -> Decimal:
        """Return the cost of images, which are made by a model of their own."""
        model, usage = image_usage(self.run)
        if not usage:
            return Decimal(0)
        if model is not None:
            try:
                return self._price(model, usage).total_price
            except (LookupError, ValueError):
                pass
        self.notes.append(f"without its images, made by {model or 'a model that is not named'}")
        return Decimal(0)

    def _unknown(self, why: str) -> Cost:
        return Cost(unknown=why, provider=self.provider, at=self.at, prices=prices())
