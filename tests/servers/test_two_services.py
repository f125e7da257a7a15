"""Two services with OpenTelemetry, as docs/guides/two-services.md has them: one trace over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doc_blocks import DOCS, blocks
from threadtrail.testing import OtlpReceiver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from servers.processes import Workplace
    from threadtrail.testing.otlp import ReceivedSpan

TELEMETRY, SHOP, TUTOR = blocks(DOCS / "guides" / "two-services.md", "python")

TAKEN = ("GET /ask", "take question")
FOLLOWED = (*TAKEN, "POST /follow/{response_id}")
ANSWERED = (*FOLLOWED, "answer question")
TREE = {
    TAKEN[:1]: "shop",
    TAKEN: "shop",
    (*TAKEN, "chat gpt-4o"): "tutor",
    FOLLOWED: "tutor",
    ANSWERED: "tutor",
    (*ANSWERED, "chat gpt-4o"): "tutor",
}


def play(work: Workplace, shop: str = SHOP, tutor: str = TUTOR) -> list[ReceivedSpan]:
    """Ask one question; return the spans of both services, once both have ended."""
    for name, text in (("telemetry", TELEMETRY), ("shop", shop), ("tutor", tutor)):
        work.write(f"{name}.py", text.replace("time.sleep(1)", "pass"))
    with OtlpReceiver() as otlp:
        work.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "OTEL_SERVICE_NAME": "tutor"}
        following, site = work.serve("uvicorn", "tutor:app", "--port", "{port}")
        of_shop = {"TUTOR_URL": site.address, "THREADTRAIL_PUBLISH_RUNS": "finished"}
        work.environment |= {"OTEL_SERVICE_NAME": "shop", **of_shop}
        taking, site = work.serve("uvicorn", "shop:app", "--port", "{port}")
        site.ask("How warm is it?")
        taking.stop()
        following.stop()
        return otlp.spans


def path(span: ReceivedSpan, by_id: Mapping[str, ReceivedSpan]) -> tuple[str, ...]:
    """Return the names from the root down to a span, without FastAPI's spans of the parts of a request."""
    above = path(by_id[span.parent_id], by_id) if span.parent_id else ()
    return above if span.name.startswith("fastapi.") else (*above, span.name)


def of_app(spans: Sequence[ReceivedSpan]) -> dict[tuple[str, ...], ReceivedSpan]:
    """Return the spans by their paths, without FastAPI's spans of the parts of a request."""
    by_id = {span.span_id: span for span in spans}
    named = [span for span in spans if not span.name.startswith("fastapi.")]
    found = {path(span, by_id): span for span in named}
    assert len(found) == len(named)
    return found


def test_one_trace_over_both(work: Workplace) -> None:
    spans = play(work)
    assert len({span.trace_id for span in spans}) == 1
    found = of_app(spans)
    assert {names: span.resource["service.name"] for names, span in found.items()} == TREE
    chats = [span for span in spans if span.name == "chat gpt-4o"]
    assert {span.attributes["user.id"] for span in chats} == {"u1"}
    followed, answered = found[*TAKEN, "chat gpt-4o"], found[ANSWERED]
    assert followed.links == ((answered.trace_id, answered.span_id),)
    assert followed.attributes["threadtrail.run.finished"]


def test_without_a_traceparent_the_spans_of_the_second_service_are_apart(work: Workplace) -> None:
    spans = play(work, shop=SHOP.replace("inject(headers)", "pass"))
    of = {span.name: span for span in spans if not span.name.startswith("chat")}
    assert of["answer question"].trace_id == of["POST /follow/{response_id}"].trace_id
    assert of["answer question"].trace_id != of["take question"].trace_id
    for chat in (span for span in spans if span.name == "chat gpt-4o"):
        assert chat.parent_id == of["take question"].span_id
        assert chat.links == ((of["answer question"].trace_id, of["answer question"].span_id),)


@pytest.mark.parametrize("carrier", ["threadtrail.carrier(attributes=True)", "threadtrail.carrier()"])
def test_what_a_carrier_is_for(work: Workplace, carrier: str) -> None:
    without = "{}" if "attributes" in carrier else carrier
    spans = play(work, shop=SHOP.replace("threadtrail.carrier(attributes=True)", without))
    answered = next(span for span in spans if span.name == "answer question")
    followed, created = (span for span in spans if span.name == "chat gpt-4o")
    assert created.parent_id == answered.span_id
    assert followed.links == ((answered.trace_id, answered.span_id),)
    assert (followed.trace_id == answered.trace_id) is (without == carrier)
    assert "user.id" not in followed.attributes
    assert "user.id" not in created.attributes
