"""Background responses as in the draft: ``chat`` is the creation, ``fetch_response`` the end.

It has no span for the time between the two, and no tokens on a fetch, so they are on no span.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.shape import span_id_for
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry.attributes import at_server, run_facts
from threadtrail_opentelemetry.generation_attributes import generation_end, tool_usage
from threadtrail_opentelemetry.outcomes import run_finish_reason

if TYPE_CHECKING:
    from threadtrail.events import Event
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Run
    from threadtrail_opentelemetry.options import Options

Values = dict[str, Any]

KNOWN_AT_THE_END = (c.RESPONSE_FINISH_REASONS, c.RESPONSE_TIME_TO_FIRST_CHUNK)


def is_split(run: Run, options: Options) -> bool:
    """Return whether the creation has a span of its own, since another request saw the end, or none has."""
    if options.background_spans != "conventions" or not (run.background and run.one_generation):
        return False
    return not run.finished or _was_fetched(run)


def _was_fetched(run: Run) -> bool:
    learnt_from = run.status_history[-1].learnt_from if run.status_history else None
    by_the_create = learnt_from == "create" or (learnt_from == "stream" and not run.resumed)
    return not (by_the_create and run.observed_from_start)


def creation(node: Node, run: Run) -> Node:
    """Return the generation as its creation alone: until the request was answered, without the answer."""
    answered = run.status_history[0].time if run.status_history else node.start
    return replace(
        node,
        end=min(max(answered, node.start), node.end),
        status=None,
        error=None,
        usage=None,
        output=(),
        steps=(),
        first_output_at=None,
    )


def creation_end(run: Run, node: Node) -> Values:
    """Return the attributes of the ``chat`` of a creation at its end; later facts are on the fetch."""
    later = {*KNOWN_AT_THE_END, *run_facts(run), *tool_usage(run)}
    return {name: value for name, value in generation_end(run, node).items() if name not in later}


def fetch_id(run: Run) -> str:
    """Return the id of the span of the fetch."""
    return span_id_for(run.key, c.FETCH_RESPONSE)


def fetch_start(event: Event, run: Run) -> Values:
    """Return the attributes of ``fetch_response`` at its start."""
    return {**at_server(event, c.FETCH_RESPONSE), c.RESPONSE_ID: run.id, c.OWN_RUN_ID: run.id}


def fetch_end(run: Run) -> Values:
    """Return the attributes of ``fetch_response`` at its end."""
    reason = run_finish_reason(run)
    return {
        c.RESPONSE_MODEL: run.model,
        c.RESPONSE_STATUS: run.status,
        c.RESPONSE_FINISH_REASONS: [reason] if reason else None,
        **run_facts(run),
        **tool_usage(run),
    }
