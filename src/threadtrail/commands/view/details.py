"""Everything that the page shows of a run, a turn or a failed request when somebody opens it."""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import fields as fields_of
from typing import TYPE_CHECKING, Any

from threadtrail.commands.view.conversation import conversation, failure
from threadtrail.commands.view.states import state_of, turn_status
from threadtrail.commands.view.values import Object, fields, known, milliseconds
from threadtrail.commands.view.waterfall import waterfall
from threadtrail.shape.spans import model_of, run_name
from threadtrail.values import RunRequest

if TYPE_CHECKING:
    from threadtrail.commands.view.entries import Entry, Group
    from threadtrail.events import RequestFailed
    from threadtrail.turn import Turn
    from threadtrail.values import Attributes, Run

IN_THE_CONVERSATION = frozenset({"instructions", "additional_instructions"})
SETTINGS = tuple(each.name for each in fields_of(RunRequest) if each.name not in IN_THE_CONVERSATION)


def run_detail(entry: Entry, group: Group, numbers: Object) -> Object:
    """Return the detail of a run."""
    run = entry.run
    return known(
        kind="run",
        handle=entry.handle,
        id=run.id,
        name=run_name(run),
        model=model_of(run),
        status=run.status,
        state=state_of(run, in_progress=entry.in_progress),
        started=milliseconds(entry.timing.within.start),
        turn=group.handle if group.turn is not None else None,
        runs=[each.handle for each in group.entries] if group.turn is not None else None,
        error=failure(run.error),
        notes=_notes(entry),
        numbers=numbers,
        waterfall=waterfall([entry]),
        conversation=conversation(run),
        steps=_step_usage(run),
        about=_about(entry),
        settings=fields({name: getattr(run.request, name) for name in SETTINGS}),
        attributes=_attributes(run.attributes),
        metadata=fields(run.metadata),
        billed=fields(run.tool_usage),
        requests=[request_fields(event) for event in entry.failed_requests],
    )


def turn_detail(group: Group, turn: Turn, numbers: Object) -> Object:
    """Return the detail of a turn; its conversation is that of its runs."""
    first = group.entries[0]
    failed = next((entry.run.error for entry in group.entries if entry.run.error is not None), turn.error)
    return known(
        kind="turn",
        handle=group.handle,
        id=turn.id,
        name=run_name(first.run),
        model=turn.model,
        status=turn_status(group, turn),
        state="bad" if failed is not None else state_of(turn, in_progress=group.in_progress),
        started=milliseconds(first.timing.within.start),
        runs=[entry.handle for entry in group.entries],
        error=failure(failed),
        notes=_turn_notes(group, turn),
        numbers=numbers,
        waterfall=waterfall(group.entries),
        about=fields({"turn": turn.id, "thread": turn.thread_id, "session": turn.session_key}),
        attributes=_attributes(first.run.attributes),
    )


def request_detail(event: RequestFailed, handle: str) -> Object:
    """Return the detail of a failed request."""
    return known(
        kind="request",
        handle=handle,
        id=event.request_id or "",
        name=event.operation,
        status="request failed",
        state="bad",
        started=milliseconds(event.started_at),
        error=failure(event.error),
        numbers=known(duration=milliseconds(event.time - event.started_at), retries=event.retry_count),
        about=request_fields(event)["fields"],
        attributes=_attributes(event.attributes),
    )


def request_fields(event: RequestFailed) -> Object:
    """Return what is known of a failed request."""
    about = {
        "operation": event.operation,
        "HTTP status": event.status_code,
        "request": event.request_id,
        "retries": event.retry_count or None,
        "thread": event.thread_id,
        "assistant": event.assistant_id,
        "source": event.source,
        "server": event.server_address,
    }
    return {"at": milliseconds(event.started_at), "error": failure(event.error), "fields": fields(about)}


def _notes(entry: Entry) -> list[str]:
    """Return what is unusual about a run, as sentences."""
    run = entry.run
    notes = [
        (entry.in_progress, "In progress: this run has not ended in the recording."),
        (not run.finished and not entry.in_progress, "Not seen to end: it was given up."),
        (run.incomplete_reason is not None, f"Incomplete: {run.incomplete_reason}."),
        (run.awaits_outputs, "It waited for outputs of tool calls when it was last seen."),
        (not run.observed_from_start, "Another process created it: its beginning was not seen."),
        (run.resumed > 0, f"Its stream was resumed {run.resumed} times."),
        (run.deleted, "The app deleted it."),
    ]
    return [sentence for applies, sentence in notes if applies]


def _turn_notes(group: Group, turn: Turn) -> list[str]:
    """Return why a turn is not over, as a sentence."""
    if turn.finished or group.in_progress:
        return []
    if group.entries[-1].run.finished:
        return ["Unfinished: its last response asked for tool calls, and no response followed."]
    return ["Unfinished: this turn was not seen to end."]


def _about(entry: Entry) -> list[list[Any]]:
    """Return where a run belongs and how it was followed."""
    run, assistant = entry.run, entry.run.assistant
    called_by = run.called_by
    return fields(
        {
            "run": run.id,
            "thread": run.thread_id,
            "turn": run.turn_id,
            "session": run.session_key,
            "trace": entry.trace,
            assistant.kind if assistant is not None else "assistant": assistant.id
            if assistant is not None
            else None,
            "after": run.previous_run_id,
            "answers": ", ".join(run.answers),
            "called by": called_by.call_id if called_by is not None else None,
            "of the run": called_by.run_id if called_by is not None else None,
            "request": run.request_id,
            "source": run.source,
            "provider": entry.provider,
            "server": entry.server,
            "service tier": run.service_tier,
            "background": "yes" if run.background else None,
            "streamed": "yes" if run.streamed else None,
        }
    )


def _attributes(attributes: Attributes) -> list[list[Any]]:
    known_ones = {"user": attributes.user_id, "session": attributes.session_id}
    tags = [["tag", tag] for tag in attributes.tags]
    return [*fields(known_ones), *tags, *fields(attributes.metadata)]


def _step_usage(run: Run) -> list[Object]:
    """Return the tokens of each step whose usage the server reported."""
    return [
        known(kind=step.kind, id=step.id, **asdict(step.usage))
        for step in run.steps
        if step.usage is not None
    ]
