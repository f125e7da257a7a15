"""The turn of the documentation's picture, as AgentOps receives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picture_spans import chosen, kept_span

from agentops_receiver import API_KEY, Receiver
from agentops_shown import type_of
from threadtrail_agentops import AgentOpsExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

DRAWN = (
    "agent.tools",
    "agentops.session.end_state",
    "gen_ai.usage.completion_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.total_tokens",
    "tool.result",
)


def received(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Export the events, and return the spans that the backend takes, each with the type that it shows."""
    with Receiver() as backend:
        exporter = AgentOpsExporter(
            api_key=API_KEY, endpoint=backend.url, exporter_endpoint=backend.exporter_endpoint
        )
        exporter.start()
        exporter.export(events, [None] * len(events))
        exporter.shutdown(5.0)
        return [
            kept_span(span, type_of(span), status=span.status, facts=chosen(span.attributes, DRAWN))
            for span in backend.spans
        ]
