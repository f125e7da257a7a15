"""Reads a response object as a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail._frozen import freeze
from threadtrail.carrying.pairs import split
from threadtrail.recording.facts import RunSeen
from threadtrail.recording.meaning import Opening, Particulars
from threadtrail.sources.json_values import (
    bool_or_none,
    count,
    first_mapping,
    mapping,
    metadata,
    nanoseconds,
    text_or_none,
)
from threadtrail.sources.openai_responses import statuses
from threadtrail.sources.openai_responses.inputs import input_messages
from threadtrail.values import Assistant, Failure, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.recording.meaning import RunStatus
    from threadtrail.recording.observation import Call
    from threadtrail.sources.openai_responses.requests import Requests


def run_seen(  # noqa: PLR0913 - all that a fact is made of
    data: dict[str, Any],
    sent: dict[str, Any],
    call: Call,
    time: int,
    *,
    run_id: str,
    status: RunStatus | None,
    learnt_from: str,
    opening: Callable[[], Opening],
    streamed: bool = False,
) -> RunSeen:
    """Return the fact that a response was seen; ``sent`` is the body of the request that created it.

    ``opening`` reads the response's ``Opening``, which is needed only if the run is new.
    """
    background = bool_or_none(data.get("background", sent.get("background")))
    ended = status is not None and status.ended
    carried, rest = split(metadata(data["metadata"]) if "metadata" in data else None)
    return RunSeen(
        call=call,
        time=time,
        run_id=run_id,
        status=status,
        learnt_from=learnt_from,
        asked_at=_asked_at(call, time) if streamed else call.started_at,
        opening=opening,
        streamed=streamed,
        # Only a background response can be retrieved before its end.
        outlives_call=bool(background) or not (ended or call.operation.creates_run),
        followed_by_parts=True,
        model=text_or_none(data.get("model")),
        particulars=_particulars(data, sent, background),
        thread_id=conversation_id(data) or conversation_id(sent),
        created_at=nanoseconds(data.get("created_at")),
        ended_at=nanoseconds(data.get("completed_at")) if ended else None,
        usage=usage(data.get("usage")),
        error=failure(data.get("error")),
        incomplete_reason=text_or_none(mapping(data.get("incomplete_details")).get("reason")),
        metadata=rest,
        carried=carried,
    )


def read_opening(data: dict[str, Any], sent: dict[str, Any], call: Call, requests: Requests) -> Opening:
    """Return the ``Opening`` of a response; its input is known only from the request that created it."""
    thread_id = conversation_id(data) or conversation_id(sent)
    return Opening(
        types=statuses.TYPES,
        request=requests.read(data, sent),
        assistant=prompt(data.get("prompt") or sent.get("prompt")),
        input=input_messages(sent.get("input"), thread_id) if call.operation.creates_run else (),
        one_generation=True,
    )


def _asked_at(call: Call, time: int) -> int:
    """Return when a status in a stream was asked for; 0 for a stream that is read again, of the past."""
    return time if call.operation.creates_run else 0


def conversation_id(data: dict[str, Any]) -> str | None:
    """Return the id of the conversation that a response, or the request for one, belongs to."""
    given = data.get("conversation")
    return text_or_none(given) or text_or_none(mapping(given).get("id"))


def failure(value: Any) -> Failure | None:
    """Return the ``error`` of a response or an event, whose fields may be nested in another ``error``."""
    if not isinstance(value, dict):
        return None
    inner = mapping(value.get("error")) or value
    code = text_or_none(inner.get("code")) or text_or_none(inner.get("type"))
    return Failure(
        type=code or "unknown",
        message=text_or_none(inner.get("message")),
        param=text_or_none(inner.get("param")),
    )


def usage(value: Any) -> Usage | None:
    """Return the usage of a response; servers may leave out the parts or the total."""
    if not isinstance(value, dict):
        return None
    read, written = count(value, "input_tokens"), count(value, "output_tokens")
    total = count(value, "total_tokens")
    if read is None and written is None and total is None:
        return None
    of_input = first_mapping(value, "input_tokens_details")
    of_output = first_mapping(value, "output_tokens_details")
    return Usage(
        input_tokens=read or 0,
        output_tokens=written or 0,
        total_tokens=(read or 0) + (written or 0) if total is None else total,
        cached_input_tokens=count(of_input, "cached_tokens"),
        cache_write_input_tokens=count(of_input, "cache_write_tokens"),
        reasoning_tokens=count(of_output, "reasoning_tokens"),
    )


def prompt(value: Any) -> Assistant | None:
    """Return the stored prompt of a response, as the ``Assistant`` that the run was made by."""
    identity = text_or_none(mapping(value).get("id"))
    if identity is None:
        return None
    return Assistant(id=identity, kind="prompt", version=text_or_none(mapping(value).get("version")))


def _particulars(data: dict[str, Any], sent: dict[str, Any], background: bool | None) -> Particulars:
    billed = mapping(data.get("tool_usage"))
    stored = bool_or_none(data.get("store", sent.get("store")))
    return Particulars(
        background=background,
        # If the request did not say, this is the API's default. Without the request it is unknown.
        stored=True if stored is None and sent else stored,
        service_tier=text_or_none(data.get("service_tier")),
        tool_usage=freeze(billed) if billed else None,
        previous_run_id=text_or_none(data.get("previous_response_id") or sent.get("previous_response_id")),
    )
