"""A session whose responses several processes make is the one that a single process would have recorded."""

from __future__ import annotations

import itertools
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from properties.splitting import Notes, Process, noted
from threadtrail.events import Event, RunEnded, TurnEnded
from threadtrail.merging.merge import merge_if_shared
from threadtrail.testing import capture
from threadtrail.testing.server import FunctionCall, RunScript, ToolCalls
from threadtrail.values import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

CUTS = 40
"""In how many ways a story is cut into parts for so many processes."""


def ask(client: OpenAI, given: Any, **options: Any) -> Any:
    return client.responses.create(model="gpt-4o", input=given, **options)


def a_chain(client: OpenAI, _server: AssistantsServer, _earlier: str) -> None:
    last = ask(client, "0")
    for number in range(1, 6):
        last = ask(client, str(number), previous_response_id=last.id)


def branches(client: OpenAI, _server: AssistantsServer, _earlier: str) -> None:
    first = ask(client, "0")
    second, other = (ask(client, given, previous_response_id=first.id) for given in ("a", "b"))
    ask(client, "aa", previous_response_id=second.id)
    ask(client, "bb", previous_response_id=other.id)
    ask(client, "ab", previous_response_id=second.id)


def two_chains(client: OpenAI, _server: AssistantsServer, _earlier: str) -> None:
    one, other = ask(client, "0"), ask(client, "0")
    for _ in range(2):
        one = ask(client, "1", previous_response_id=one.id)
        other = ask(client, "1", previous_response_id=other.id)


def a_chain_from_a_conversation(client: OpenAI, _server: AssistantsServer, _earlier: str) -> None:
    conversation = client.conversations.create()
    ask(client, "0", conversation=conversation.id)
    last = ask(client, "1", conversation=conversation.id)
    for number in range(2, 5):
        last = ask(client, str(number), previous_response_id=last.id)


def a_chain_that_the_app_named(client: OpenAI, _server: AssistantsServer, _earlier: str) -> None:
    last = ask(client, "0")
    with threadtrail.attributes(session_id="mine"):
        last = ask(client, "1", previous_response_id=last.id)
    for number in range(2, 5):
        last = ask(client, str(number), previous_response_id=last.id)


def a_chain_that_the_app_named_by_its_first_response(
    client: OpenAI, _server: AssistantsServer, _earlier: str
) -> None:
    first, last = ask(client, "0"), ask(client, "another")
    with threadtrail.attributes(session_id=first.id):
        last = ask(client, "1", previous_response_id=last.id)
    for number in range(2, 4):
        last = ask(client, str(number), previous_response_id=last.id)


def functions(client: OpenAI, server: AssistantsServer, _earlier: str) -> None:
    last = ask(client, "0")
    for _ in range(2):
        server.script(RunScript(ToolCalls(FunctionCall("f")), "done"))
        asking = ask(client, "go on", previous_response_id=last.id)
        call: Any = next(item for item in asking.output if item.type == "function_call")
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "1"}
        last = ask(client, [output], previous_response_id=asking.id)


def all_of_it_again(client: OpenAI, _server: AssistantsServer, _earlier: str) -> None:
    history: list[Any] = []
    for number in range(5):
        history.append({"role": "user", "content": str(number)})
        response = ask(client, history, store=False)
        history += [item.to_dict() for item in response.output]


def functions_and_all_of_it_again(client: OpenAI, server: AssistantsServer, _earlier: str) -> None:
    history: list[Any] = []
    for number in range(2):
        history.append({"role": "user", "content": str(number)})
        server.script(RunScript(ToolCalls(FunctionCall("f")), "done"))
        call: Any = ask(client, history, store=False).output[0]
        asked = {"name": "f", "arguments": call.arguments, "call_id": call.call_id}
        history.append({"type": "function_call", **asked})
        history.append({"type": "function_call_output", "call_id": call.call_id, "output": "1"})
        history.append({"role": "assistant", "content": ask(client, history, store=False).output_text})


def from_what_nobody_saw(client: OpenAI, _server: AssistantsServer, earlier: str) -> None:
    for branch in ("a", "b"):
        last = ask(client, branch, previous_response_id=earlier)
        last = ask(client, branch, previous_response_id=last.id)
        ask(client, branch, previous_response_id=last.id)


STORIES = [
    a_chain,
    branches,
    two_chains,
    a_chain_from_a_conversation,
    a_chain_that_the_app_named,
    a_chain_that_the_app_named_by_its_first_response,
    functions,
    all_of_it_again,
    functions_and_all_of_it_again,
    from_what_nobody_saw,
]


def cut(notes: Notes, whose: Iterator[int], count: int) -> list[list[Event]]:
    """Return what so many processes publish if each call was made by the next one of ``whose``."""
    processes = [Process() for _ in range(count)]
    makers: dict[int, Process] = {}
    for call, observation in notes.taken:
        process = processes[0]
        if call is not None:
            process = makers.get(id(call)) or makers.setdefault(id(call), processes[next(whose)])
        process.take(call, observation)
    end = max(getattr(observation, "time", 0) for _, observation in notes.taken)
    return [process.end(end + 1) for process in processes]


def cuts(notes: Notes) -> Iterator[list[list[Event]]]:
    """Yield the parts of a story that is cut into two and three, by chance and two calls in a row each."""
    for seed in range(CUTS):
        count = 2 + seed % 2
        random = Random(seed)  # noqa: S311 - so that it is the same again
        yield cut(notes, iter(random.choices(range(count), k=len(notes.taken))), count)
    for count in (2, 3):
        in_a_row = (min(place // 2, count - 1) for place in range(len(notes.taken)))
        yield cut(notes, iter(list(in_a_row)), count)


def sessions(events: Iterable[Event]) -> dict[str, str | None]:
    """Return the session of each run; a turn is in that of its first run."""
    events = list(events)
    found = {event.run.id: event.run.session_key for event in events if isinstance(event, RunEnded)}
    turns = [event.turn for event in events if isinstance(event, TurnEnded)]
    assert [turn.session_key for turn in turns] == [found[turn.id] for turn in turns]
    return found


def all_of(parts: Sequence[Sequence[Event]]) -> list[Event]:
    return [event for part in parts for event in part]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_of_several_processes(client: OpenAI, server: AssistantsServer, story: Any) -> None:
    earlier = ask(client, "before").id
    with noted() as notes, capture() as captured:
        story(client, server, earlier)
    expected = sessions(captured.events)
    assert sessions(threadtrail.merge(captured.events)) == expected
    assert merge_if_shared(captured.events) == captured.events
    for parts in cuts(notes):
        merged = threadtrail.merge(all_of(parts))
        assert sessions(merged) == expected
        assert sessions(merge_if_shared(all_of(parts))) == expected
        assert threadtrail.merge(all_of(parts[::-1])) == merged
        for first in range(len(parts)):
            others = all_of([part for place, part in enumerate(parts) if place != first])
            in_steps = threadtrail.merge([*threadtrail.merge(others), *parts[first]])
            assert sessions(in_steps) == expected


def test_a_process_whose_clock_is_behind(client: OpenAI) -> None:
    with noted() as notes, capture() as captured:
        last = ask(client, "0")
        for number in range(1, 4):
            last = ask(client, str(number), previous_response_id=last.id)
    ahead, behind = Process(), Process(lambda time: time - 10**12)
    makers: dict[int, Process] = {}
    for call, observation in notes.taken:
        if call is not None:
            makers.setdefault(id(call), ahead if len(makers) < 2 else behind).take(call, observation)
    end = max(getattr(observation, "time", 0) for _, observation in notes.taken) + 1
    parts = [ahead.end(end), behind.end(end - 10**12)]
    assert sessions(threadtrail.merge(all_of(parts))) == sessions(captured.events)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_responses_that_follow_each_other_in_a_circle(order: Sequence[int]) -> None:
    ids = ["resp_a", "resp_b", "resp_c"]
    runs = [
        Run(id=name, previous_run_id=previous, session_key=previous, turn_id=name, one_generation=True)
        for name, previous in zip(ids, [*ids[1:], ids[0]], strict=True)
    ]
    ends = [RunEnded(time=place + 1, run=run) for place, run in enumerate(runs)]
    merged = threadtrail.merge([ends[place] for place in order])
    assert sessions(merged) == dict.fromkeys(ids, "resp_a")
    assert threadtrail.merge(merged) == merged


def test_a_chain_of_any_length() -> None:
    runs = [
        Run(id=f"r{n}", previous_run_id=f"r{n - 1}", session_key=f"r{n - 1}", one_generation=True)
        for n in range(1, 3_000)
    ]
    ends = [RunEnded(time=1, run=run) for run in reversed(runs)]
    assert set(sessions(threadtrail.merge(ends)).values()) == {"r0"}
