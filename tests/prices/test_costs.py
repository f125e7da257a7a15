"""The cost of runs: the published prices of ``genai-prices`` and their tokens, worked out by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("genai_prices")

from threadtrail import _install, prices
from threadtrail.events import RunEnded
from threadtrail.prices import Cost, costing
from threadtrail.prices.amounts import money
from threadtrail.testing import samples
from threadtrail.values import Run, RunRequest, Step, ToolCall, Usage

NOVEMBER = int(datetime(2026, 11, 2, 9, tzinfo=UTC).timestamp()) * 10**9


def ended(
    model: str | None, read: int, written: int, *, provider: str = "openai", at: int = NOVEMBER, **known: Any
) -> RunEnded:
    """A run of these tokens; ``cached``, ``cache_write`` and ``reasoning`` are parts of them."""
    parts = {
        "cached_input_tokens": known.pop("cached", None),
        "cache_write_input_tokens": known.pop("cache_write", None),
        "reasoning_tokens": known.pop("reasoning", None),
    }
    usage = Usage(input_tokens=read, output_tokens=written, total_tokens=read + written, **parts)
    fields = {"usage": usage, "one_generation": True, **known}
    run = Run(id="resp_1", model=model, created_at=at, finished=True, **fields)
    return RunEnded(time=at, run=run, provider=provider)


def calls(*kinds: str) -> tuple[Step, ...]:
    """Steps, each with a call of a hosted tool."""
    return tuple(
        Step(id=f"item_{kind}", kind=kind, tool_calls=(ToolCall(id=f"{number}", kind=kind, name=kind),))
        for number, kind in enumerate(kinds)
    )


BEFORE_IT_WAS_CHEAPER = int(datetime(2025, 6, 9, tzinfo=UTC).timestamp()) * 10**9

TEN_RUNS = [
    # Dollars per million tokens, as the library publishes them: gpt-4o 2.5 in, 1.25 cached, 10 out.
    (ended("gpt-4o-2024-08-06", 1_200, 300, cached=400), (800 * 2.5 + 400 * 1.25 + 300 * 10, "0.0055")),
    # gpt-6.1-sol: 2 in, 0.1 cached, 2.5 written to the cache, 10 out; more from 272,000 tokens on.
    (
        ended("gpt-6.1-sol", 1_000, 100, cached=400, cache_write=200),
        (400 * 2 + 400 * 0.1 + 200 * 2.5 + 100 * 10, "0.00234"),
    ),
    # o3: 2 in, 8 out, of which reasoning is a part; before 2025-06-10: 10 in, 40 out.
    (ended("o3", 1_000, 500, reasoning=400), (1_000 * 2 + 500 * 8, "0.006")),
    (ended("o3", 1_000, 500, at=BEFORE_IT_WAS_CHEAPER), (1_000 * 10 + 500 * 40, "0.03")),
    # gpt-5-mini at the tier flex: 0.125 in, 0.0125 cached, 1 out; gpt-4o at priority: 4.25 in, 17 out.
    (
        ended("gpt-5-mini", 1_000, 500, cached=800, service_tier="flex"),
        (200 * 0.125 + 800 * 0.0125 + 500 * 1, "0.000535"),
    ),
    (ended("gpt-4o", 1_000, 100, service_tier="priority"), (1_000 * 4.25 + 100 * 17, "0.00595")),
    # gpt-4.1-mini by Azure: 0.4 in, 1.6 out. grok-3 by xAI: 3 in, 0.75 cached, 15 out.
    (ended("gpt-4.1-mini", 2_000, 50, provider="azure.ai.openai"), (2_000 * 0.4 + 50 * 1.6, "0.00088")),
    (ended("grok-3", 1_000, 20, cached=600, provider="x_ai"), (400 * 3 + 600 * 0.75 + 20 * 15, "0.00195")),
    # gpt-4.1: 2 in, 8 out; 10 for a thousand web searches, 2.5 for a thousand searches in files.
    (
        ended(
            "gpt-4.1",
            1_000,
            100,
            tool_usage={"web_search": {"num_requests": 3}},
            steps=calls("web_search", "file_search", "file_search"),
        ),
        (1_000 * 2 + 100 * 8 + 3 * 10_000 + 2 * 2_500, "0.0378"),
    ),
    (ended("gpt-99", 1_000, 100), None),
]


@pytest.mark.parametrize(("event", "expected"), TEN_RUNS, ids=[event.run.model for event, _ in TEN_RUNS])
def test_a_run_costs_what_its_tokens_cost_by_hand(
    event: RunEnded, expected: tuple[float, str] | None
) -> None:
    found = prices.cost(event)
    if expected is None:
        assert found.amount is None
        assert found.unknown == "openai has no model gpt-99"
        return
    millionths, amount = expected
    assert Decimal(amount) == round(Decimal(millionths) / 1_000_000, 9), "the working and the amount differ"
    assert found.amount == Decimal(amount)
    assert (found.unknown, found.notes, found.currency) == (None, (), "USD")


def test_ten_runs_cost_their_sum_and_the_unknown_one_is_counted() -> None:
    together = prices.total(prices.cost(event) for event, _ in TEN_RUNS)
    amounts = [Decimal(expected[1]) for _, expected in TEN_RUNS if expected is not None]
    assert together.amount == sum(amounts) == Decimal("0.090955")
    assert (together.runs, together.unpriced) == (10, 1)
    assert together.unknown == ("openai has no model gpt-99",)
    assert together.text == "$0.0910; of 10 runs, 1 has no price"


def test_a_cost_says_where_it_comes_from() -> None:
    found = prices.cost(ended("gpt-4o-2024-11-20", 10, 1, provider="azure.ai.openai"))
    assert (found.provider, found.model, found.at) == ("azure", "gpt-4o", NOVEMBER)
    assert found.prices.startswith("genai-prices ")


def test_a_server_of_ones_own_has_no_prices_unless_somebody_says_whose() -> None:
    event = ended("gpt-4o", 1_000, 0, provider="openai.gateway.example.com")
    found = prices.cost(event)
    assert found.unknown == "the prices of openai.gateway.example.com are not known"
    assert found.text == f"no price: {found.unknown}"
    assert prices.cost(event, provider="openai").amount == Decimal("0.0025")
    assert prices.cost(event.run).amount == Decimal("0.0025")
    assert prices.cost(event, provider="nobody").unknown == "the prices of nobody are not known"


def test_a_provider_that_is_known_by_its_address_has_its_own_prices() -> None:
    found = prices.cost(ended("gpt-4o", 1_000, 0, provider="api.fireworks.ai"))
    assert (found.provider, found.unknown) == ("fireworks", "fireworks has no model gpt-4o")


def test_a_tier_without_a_price_of_its_own_is_said() -> None:
    found = prices.cost(ended("gpt-4o", 1_000, 0, service_tier="scale"))
    assert found.amount == Decimal("0.0025")
    assert found.notes == ("gpt-4o at its standard price: none of the service tier scale is known",)


IMAGES = {
    "input_tokens": 100,
    "input_tokens_details": {"image_tokens": 40, "text_tokens": 60},
    "cached_tokens": 0,
    "output_tokens": 1_000,
    "output_tokens_details": {"image_tokens": 1_000, "text_tokens": 0},
    "total_tokens": 1_100,
}


def test_images_cost_what_their_own_model_costs() -> None:
    tools = ({"type": "image_generation", "model": "gpt-image-1.5"},)
    event = ended(
        "gpt-4o",
        1_000,
        0,
        request=RunRequest(tools=tools),
        tool_usage={"image_gen": IMAGES},
        steps=calls("image_generation"),
    )
    # gpt-image-1.5: 5 for text read, 8 for images read, 32 for images made; gpt-4o: 2.5 in.
    millionths = 60 * 5 + 40 * 8 + 1_000 * 32 + 1_000 * 2.5
    assert prices.cost(event).amount == Decimal("0.03512") == Decimal(millionths) / 1_000_000


@pytest.mark.parametrize(
    ("known", "note"),
    [
        ({"tool_usage": {"image_gen": IMAGES}}, "without its images, made by a model that is not named"),
        ({"steps": calls("image_generation")}, "without its images"),
        ({"steps": calls("web_search")}, "without its web searches"),
        ({"steps": calls("code_interpreter")}, "without its code interpreter"),
    ],
)
def test_what_is_billed_apart_and_not_known_is_said(known: dict[str, Any], note: str) -> None:
    found = prices.cost(ended("gpt-4o", 1_000, 0, **known))
    assert (found.amount, found.notes) == (Decimal("0.0025"), (note,))


def test_an_assistant_searches_files_without_a_price_per_search() -> None:
    event = ended("gpt-4o", 1_000, 0, one_generation=False, steps=calls("file_search"))
    assert prices.cost(event) == Cost(
        amount=Decimal("0.0025"),
        model="gpt-4o",
        provider="openai",
        at=NOVEMBER,
        prices=costing.prices(),
    )


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (ended(None, 1, 1), "its model is not known"),
        (ended("gpt-4o", 1, 1, usage=None), "its tokens are not known"),
        (ended("gpt-4o", 100, 1, cached=101), "its tokens do not add up"),
        (ended("whisper-1", 100, 1), "whisper-1 has no price of tokens"),
    ],
)
def test_what_cannot_be_priced_is_never_free(event: RunEnded, why: str) -> None:
    found = prices.cost(event)
    assert (found.amount, found.unknown) == (None, why)


def test_every_sample_has_a_cost_or_a_reason() -> None:
    found = [prices.cost(event) for event in samples.sample_events() if isinstance(event, RunEnded)]
    assert found
    assert all((cost.amount is None) is (cost.unknown is not None) for cost in found)


def test_no_run_at_all_has_no_amount() -> None:
    nothing = prices.total([])
    assert (nothing.amount, nothing.text) == (None, "of 0 runs, 0 have no price")


def test_one_run_without_a_price_is_counted_in_the_singular() -> None:
    assert prices.total([Cost(unknown="unknown")]).text == "of 1 run, 1 has no price"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("1.239", "$1.24"),
        ("0.0123", "$0.0123"),
        ("0.00042", "$0.00042"),
        ("0.0000000129", "$0.000000013"),
        ("-0.5", "-$0.5000"),
    ],
)
def test_money_is_short_and_never_rounded_to_nothing(amount: str, text: str) -> None:
    assert money(Decimal(amount)) == text


def test_without_the_library_the_helper_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert not prices.installed()
    with pytest.raises(ImportError, match=re.escape(_install.extra_command("prices"))):
        prices.cost(ended("gpt-4o", 1, 1))


def test_the_library_is_imported_when_a_cost_is_asked_for() -> None:
    program = "import sys, threadtrail.prices as p; print(p.installed(), 'genai_prices' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "True False"
