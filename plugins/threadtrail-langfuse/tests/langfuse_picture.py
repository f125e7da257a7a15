"""The turn of the documentation's picture, as Langfuse receives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picture_spans import kept_span

from langfuse_receiver import Receiver
from langfuse_stage import PUBLIC, SECRET
from threadtrail_langfuse import LangfuseExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langfuse_receiver import Observation
    from threadtrail.events import Event


def received(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Export the events with Langfuse's SDK, and return the observations that its server decodes."""
    with Receiver() as server:
        exporter = LangfuseExporter(public_key=PUBLIC, secret_key=SECRET, base_url=server.url)
        exporter.start()
        exporter.export(events, [None] * len(events))
        exporter.shutdown()
        return [_kept(observation) for observation in server.observations]


def _kept(observation: Observation) -> dict[str, Any]:
    facts = {
        "input": observation.input if observation.type in {"agent", "tool"} else None,
        "output": observation.output if observation.type in {"agent", "tool"} else None,
        "usage_details": observation.usage,
        "session.id": observation.session if observation.parent_id is None else None,
    }
    known = {name: fact for name, fact in facts.items() if fact is not None}
    return kept_span(observation, observation.type, facts=known)
