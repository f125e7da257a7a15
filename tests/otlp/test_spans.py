"""Spans on a private provider: their ids, their place, their limits, and what is held of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, get_current_span

from threadtrail.otlp.context import as_context, below, links_between, span_context_in
from threadtrail.otlp.emitting import Emitter
from threadtrail.otlp.provider import ChosenIds, HeldSpans, explicit_limits
from threadtrail.trace_shape import span_id_for, trace_id_for

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan


class Provider:
    """A private provider as exporters make one."""

    def __init__(self) -> None:
        self.ids, self.held = ChosenIds(), HeldSpans()
        provider = TracerProvider(
            id_generator=self.ids, span_limits=explicit_limits(4), shutdown_on_exit=False
        )
        provider.add_span_processor(self.held)
        self.emitter = Emitter(provider.get_tracer("test"), self.ids)

    def start(self, name: str = "span", **more: Any) -> Any:
        return self.emitter.start(
            name, kind=SpanKind.CLIENT, start=1_000, **{"attributes": {}, "trace_of": "run_1", **more}
        )


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2")
    return Provider()


def ids(span: Any) -> tuple[str, str]:
    context = span.get_span_context()
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def test_ids_are_derived_and_the_next_are_random(provider: Provider) -> None:
    assert ids(provider.start()) == (trace_id_for("run_1"), span_id_for("run_1"))
    assert ids(provider.start(span_id=span_id_for("step_1")))[1] == span_id_for("step_1")
    random = [ids(provider.start(trace_of=None)) for _ in range(2)]
    assert len(set(random)) == 2
    assert trace_id_for("run_1") not in {trace for trace, _ in random}


def test_a_child_has_its_parents_trace_and_chosen_ids_are_used_once(provider: Provider) -> None:
    parent = provider.start(trace_of="run_2")
    child = provider.start(parent=below(parent), span_id=span_id_for("step_1"))
    assert ids(child) == (ids(parent)[0], span_id_for("step_1"))
    assert ids(provider.start(trace_of=None))[0] != trace_id_for("run_1")


def test_attributes_are_whole_and_those_without_a_value_are_left_out(provider: Provider) -> None:
    provider.start(attributes={"a": "long text", "b": None, "c": 0, "d": False, "e": "x"}).end(2_000)
    (span,) = provider.held.take()
    assert dict(span.attributes or {}) == {"a": "long text", "c": 0, "d": False, "e": "x"}
    assert (span.start_time, span.end_time) == (1_000, 2_000)


def test_spans_are_held_once(provider: Provider) -> None:
    provider.start("one").end()
    provider.start("two")
    assert names(provider.held.take()) == ["one"]
    assert provider.held.take() == []


def names(spans: list[ReadableSpan]) -> list[str]:
    return [span.name for span in spans]


def test_a_span_is_linked_unless_it_is_around_the_parent_too(provider: Provider) -> None:
    around, inside = provider.start("around"), provider.start("inside", span_id=span_id_for("x"))
    outside = span_context_in(below(around))
    assert links_between(below(around), outside) == []
    assert [link.context for link in links_between(below(inside), outside)] == [inside.get_span_context()]
    assert [link.context for link in links_between(below(inside), None)] == [inside.get_span_context()]
    assert links_between(None, outside) == links_between(Context(), None) == []


def test_a_context_below_a_span_keeps_the_rest(provider: Provider) -> None:
    span = provider.start()
    context = below(span, Context({"mine": 1}))
    assert get_current_span(context) is span
    assert context["mine"] == 1
    assert as_context(context) is context
    assert as_context("something else") is None
    assert span_context_in(Context()) is None
