"""A chain of responses is one session, without a line of code; what a stateless app repeats is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from driving import resolved
from threadtrail.testing import capture
from threadtrail.testing.server import RunScript

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer

pytestmark = pytest.mark.usefixtures("strict")


def said(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


async def ask(client: Any, given: Any, **options: Any) -> Any:
    return await resolved(client.responses.create(model="gpt-4o", input=given, **options))


async def test_five_turns_of_a_chain(any_client: Any) -> None:
    with capture() as captured:
        last = await ask(any_client, "0")
        for number in range(1, 5):
            last = await ask(any_client, str(number), previous_response_id=last.id)
        first, *rest = captured.runs
    assert {run.session_key for run in (first, *rest)} == {first.id}
    assert [run.previous_run_id for run in rest] == [run.id for run in (first, *rest[:-1])]


async def test_two_chains_do_not_mix(any_client: Any) -> None:
    with capture() as captured:
        one, other = await ask(any_client, "a"), await ask(any_client, "b")
        for _ in range(3):
            one = await ask(any_client, "a", previous_response_id=one.id)
            other = await ask(any_client, "b", previous_response_id=other.id)
        runs = captured.runs
    assert [run.session_key for run in runs] == [runs[0].id, runs[1].id] * 4


async def test_a_process_that_joins_in_the_middle(any_client: Any) -> None:
    before = await ask(any_client, "0")
    with capture() as captured:
        await ask(any_client, "1", previous_response_id=before.id)
        assert captured.run().session_key == before.id


async def test_a_conversation(any_client: Any) -> None:
    with capture() as captured:
        made = await resolved(any_client.conversations.create())
        await ask(any_client, "0", conversation=made.id)
        await ask(any_client, "1", conversation={"id": made.id})
        assert [run.session_key for run in captured.runs] == [made.id, made.id]
        assert [run.thread_id for run in captured.runs] == [made.id, made.id]


@pytest.mark.parametrize("published", [False, True], ids=["open", "published as unfinished"])
async def test_a_chain_whose_last_run_has_not_ended(
    any_client: Any, server: AssistantsServer, published: bool
) -> None:
    server.script(RunScript("An answer.", polls=1))
    with capture(max_open_runs=1 if published else 1_000) as captured:
        made = await resolved(any_client.conversations.create())
        first = await ask(any_client, "0", conversation=made.id, background=True)
        if published:
            await ask(any_client, "another")
        await ask(any_client, "1", previous_response_id=first.id)
        sessions = {run.id: run.session_key for run in captured.runs}
        (follower,) = [run for run in captured.runs if run.previous_run_id == first.id]
    assert first.status == "queued"
    assert sessions[follower.id] == made.id


async def test_what_the_app_says_comes_first(any_client: Any) -> None:
    with capture() as captured, threadtrail.attributes(session_id="mine"):
        first = await ask(any_client, "0")
        await ask(any_client, "1", previous_response_id=first.id)
        assert [run.session_key for run in captured.runs] == ["mine", "mine"]


@pytest.mark.parametrize("with_ids", [True, False])
async def test_a_stateless_app(any_client: Any, server: AssistantsServer, with_ids: bool) -> None:
    server.script(RunScript("An answer."))
    history: list[Any] = []
    with capture() as captured:
        for number in range(3):
            history.append(said(f"question {number}"))
            response = await ask(any_client, history, store=False)
            if with_ids:
                history += [item.to_dict() for item in response.output]
            else:
                history.append({"role": "assistant", "content": response.output_text})
        first, second, third = captured.runs
    if with_ids:
        assert {run.session_key for run in (first, second, third)} == {first.id}
        assert (first.input_repeated, second.input_repeated, third.input_repeated) == (None, 2, 4)
    else:  # nothing but texts: no chain can be told from another one
        assert second.session_key == second.id
    assert len(third.input) == 5


@pytest.mark.parametrize("kept_in", ["chain", "conversation"])
async def test_what_is_said_twice_is_new_each_time_if_the_server_has_the_rest(
    any_client: Any, kept_in: str
) -> None:
    with capture() as captured:
        made = await resolved(any_client.conversations.create())
        options = {"conversation": made.id} if kept_in == "conversation" else {}
        last = await ask(any_client, "yes", **options)
        for _ in range(2):
            if kept_in == "chain":
                options = {"previous_response_id": last.id}
            last = await ask(any_client, [said("yes"), said("and add tax")], **options)
        first, *others = captured.runs
    assert {run.session_key for run in others} == {first.session_key}
    assert [run.input_repeated for run in others] == [0, 0]
    assert [[message.text for message in run.new_input] for run in others] == [["yes", "and add tax"]] * 2


async def test_a_history_that_is_sent_although_the_server_has_it(
    any_client: Any, server: AssistantsServer
) -> None:
    """As LlamaIndex does."""
    server.script(RunScript("An answer."))
    with capture() as captured:
        last = await ask(any_client, [said("yes")])
        history = [said("yes"), {"role": "assistant", "content": "An answer."}, said("and add tax")]
        await ask(any_client, history, previous_response_id=last.id)
        _, second = captured.runs
    assert [message.text for message in second.new_input] == ["and add tax"]
