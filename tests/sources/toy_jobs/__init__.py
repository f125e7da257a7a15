"""A source for an API of jobs, which are created and polled: all that threadtrail needs to know about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from threadtrail.recording.facts import MessageSeen, RequestRaised, RunSeen
from threadtrail.recording.meaning import EventTypes, Opening, RunStatus
from threadtrail.recording.observation import Raised, Returned
from threadtrail.sources.source import Method, Resource, Source
from threadtrail.values import Message, RunRequest, TextPart, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from threadtrail.recording.facts import Fact
    from threadtrail.recording.observation import Call, OfCall
    from threadtrail.recording.reading import FollowedRuns

STATUSES = {
    "waiting": RunStatus(name="waiting", type="job.waiting", rank=0),
    "working": RunStatus(name="working", type="job.working", rank=1, started=True),
    "done": RunStatus(name="done", type="job.done", rank=2, ended=True, succeeded=True),
}
TYPES = EventTypes(
    run_created="job.created",
    run_ended="job.ended",
    step_created="",
    step_unfinished="",
    message_created="",
    message_incomplete="job.answer.cut",
)


class JobsReader:
    def __init__(self, runs: FollowedRuns) -> None:
        """Remember nothing: a job says all there is."""
        self.forgotten = 0

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Forget nothing."""

    def read(self, observation: OfCall) -> Iterator[Fact]:
        call, time = observation.call, observation.time
        if isinstance(observation, Raised):
            yield RequestRaised(call=call, time=time, error=observation.error)
        elif isinstance(observation, Returned):
            job = json.loads(observation.result)
            yield RunSeen(
                call=call,
                time=time,
                run_id=job["id"],
                status=STATUSES[job["state"]],
                learnt_from=str(call.operation.learnt_from),
                asked_at=call.started_at,
                opening=lambda: opening(call),
                usage=Usage(input_tokens=7, output_tokens=5, total_tokens=12) if job["answer"] else None,
            )
            if job["answer"]:
                yield answer(job, call, time)


def opening(call: Call) -> Opening:
    asked = json.loads(call.request)["task"] if call.operation.creates_run else ""
    question = Message(role="user", parts=(TextPart(text=asked),))
    return Opening(types=TYPES, request=RunRequest(), assistant=None, input=(question,), one_generation=True)


def answer(job: dict[str, Any], call: Call, time: int) -> MessageSeen:
    message = Message(id=f"{job['id']}.answer", role="assistant", parts=(TextPart(text=job["answer"]),))
    return MessageSeen(
        call=call,
        time=time,
        run_id=job["id"],
        message=message,
        type="job.answered",
        ended=True,
        partial=False,
        live=False,
        place=time,
    )


SOURCE = Source(
    name="toy.jobs",
    resources=(
        Resource(
            "sources.toy_sdk",
            "Jobs",
            "jobs",
            (
                Method("create", begins="generation", learnt_from="create", captures_context=True),
                Method("retrieve", positional=("job_id",), learnt_from="poll"),
                Method("pause", positional=("job_id",), learnt_from="poll"),
                Method("resume", positional=("job_id",), learnt_from="poll", since="999.0.0"),
            ),
        ),
    ),
    id_names={"job_id": "run_id"},
    streams=lambda _notes: None,  # type: ignore[arg-type,return-value]  # nothing streams here
    reader=JobsReader,
)
