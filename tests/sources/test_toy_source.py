"""A source costs a folder and a line: an API of its own is recorded end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, OpenAI

import threadtrail
from driving import resolved
from sources import toy_jobs
from sources.toy_sdk import AsyncJobs, Jobs, jobs_server
from threadtrail import sources
from threadtrail.events import RequestFailed, RunCreated, RunEnded, RunStatusChanged
from threadtrail.shape import shape
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import Captured


@pytest.fixture
def recorded(strict: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Captured]:
    monkeypatch.setattr(sources, "SOURCES", (*sources.SOURCES, toy_jobs.SOURCE))  # the one line
    with capture(settle_seconds=600) as captured:
        yield captured


async def work(jobs: Any) -> None:
    """Create a job and poll it until it is done, and three times more."""
    job = await resolved(jobs.create(task="solve 3x + 11 = 14"))
    for _ in range(3):
        job = await resolved(jobs.retrieve(job.id))
        job = await resolved(jobs.retrieve(job_id=job.id))


@pytest.mark.parametrize(("client", "resource"), [(OpenAI, Jobs), (AsyncOpenAI, AsyncJobs)])
async def test_a_job_is_a_run(client: Any, resource: Any, recorded: Captured) -> None:
    with jobs_server() as address:
        await work(resource(client(base_url=address, api_key="any")))
    run = recorded.run("job_1")
    assert (run.status, run.finished, run.poll_count) == ("done", True, 2)
    assert run.input[0].text == "solve 3x + 11 = 14"
    assert run.output[0].text == "x = 1"
    assert run.usage is not None
    assert run.usage.total_tokens == 12
    assert [span.kind for span in shape(run).walk()] == ["generation"], "as the source says"
    assert len(recorded.of(RunCreated)) == len(recorded.of(RunEnded)) == 1
    assert [event.type for event in recorded.of(RunStatusChanged)] == [
        "job.waiting",
        "job.working",
        "job.done",
    ]
    assert {event.source for event in recorded.events} == {"toy.jobs"}


def test_a_request_that_fails_is_one_of_this_source(recorded: Captured) -> None:
    jobs: Any = Jobs(OpenAI(base_url="http://127.0.0.1:9/v1", api_key="any", max_retries=0))
    with pytest.raises(Exception, match="Connection error"):
        jobs.create(task="nobody is there")
    (failed,) = recorded.of(RequestFailed)
    assert (failed.source, failed.operation, failed.begins) == ("toy.jobs", "jobs.create", "generation")


def test_a_method_is_missing_unless_this_sdk_never_had_it(recorded: Captured) -> None:
    missing = [path for path in threadtrail.status().missing if "toy_sdk" in path]
    assert missing == ["sources.toy_sdk:AsyncJobs.pause", "sources.toy_sdk:Jobs.pause"]
