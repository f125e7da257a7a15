"""Publishes the end of a run, with all that is known of it in one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.values import Failure, Run

if TYPE_CHECKING:
    from threadtrail.recording.runs import RunRecord


def publish_end(record: RunRecord) -> Run | None:
    """Publish the ends of what is still open, then the run itself; return it, or ``None``.

    A run is published at most once as unfinished, and once when it has finished.
    """
    if record.published_unfinished and not record.ended:
        return None
    answered_at = record.timeline.end(record.status, record.last_seen_at)
    time = record.end_parts(answered_at)
    run = whole_run(record, time, answered_at)
    record.end(run, time)
    return run


def whole_run(record: RunRecord, time: int, answered_at: int) -> Run:
    """Return a run that ended, or was last seen, at ``time``; without late outputs, it ended ``answered_at``.

    Both are Unix nanoseconds.
    """
    timeline, status, chain, scope = record.timeline, record.status, record.chain, record.scope
    if status is not None and status.failed:
        # Some runs fail without an error, as expired ones often do.
        record.known.see_error(Failure(type=status.name))
    whole_at = answered_at if record.whole else None
    streaming = record.streaming
    first_output_at = streaming.first_output_at
    return Run(
        id=record.id,
        thread_id=record.thread_id,
        status=status.name if status is not None else None,
        status_history=record.statuses.changes,
        finished=record.ended,
        created_at=timeline.created_at,
        started_at=timeline.started_at,
        ended_at=time,
        first_output_at=None if first_output_at is None else min(first_output_at, time),
        input=record.input,
        output=record.output.values(time),
        steps=record.steps_within(time, whole_at),
        poll_count=record.poll_count,
        retry_count=record.retry_count,
        streamed=streaming.opened > 0,
        observed_from_start=record.created_here,
        awaits_outputs=status is not None and status.awaits_outputs,
        attributes=scope.attributes,
        source=record.origin.source,
        resumed=max(0, streaming.opened - 1),
        answered_at=whole_at,
        answers=tuple(dict.fromkeys(link.run_id for link in chain.links)),
        turn_id=chain.turn_id,
        session_key=chain.session_key,
        input_repeated=chain.input_repeated,
        id_reused=record.id_reused,
        called_by=chain.called_by,
        carried=scope.carried,
        **record.known.fields(),
    )
