"""Shows a run and a turn in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.exporters.console_text import counted, duration
from threadtrail.exporters.content_lines import message_line, tool_content
from threadtrail.exporters.lines import MARKS, brief_token_facts, outcome_of, turn_outcome
from threadtrail.notebook.bars import run_bars, turn_bars
from threadtrail.notebook.html import Html, box, cut, dim, element, rows
from threadtrail.shape import run_name
from threadtrail.shape.times import run_interval
from threadtrail.turn import usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.notebook.html import Child
    from threadtrail.turn import Turn
    from threadtrail.values import Failure, Message, Run, ToolCall

MAX_MESSAGES = 5
"""The maximum number of messages of the input to show: the last ones."""

MAX_CALLS = 20


def run_html(run: Run) -> str:
    """Return a run: its end, the parts of its time, its question, calls and answer."""
    name, within = run_name(run), run_interval(run)
    took = duration(within.end - within.start)
    facts = [
        name if name != run.model else None,
        run.model,
        *brief_token_facts(usage_of(run)),
    ]
    return box(
        _header(run, outcome_of(run.status, took, finished=run.finished), facts),
        dim(" · ".join(filter(None, (run.id, run.thread_id)))),
        run_bars(run),
        rows([*_content(run, run.new_input), *_cut_short(run)]),
    )


def turn_html(turn: Turn) -> str:
    """Return a turn, with the same parts as a run."""
    took = duration(max((turn.ended_at or 0) - (turn.started_at or 0), 0))
    facts = [turn.assistant.name if turn.assistant else None, turn.model, *brief_token_facts(turn.usage)]
    return box(
        _header(turn, turn_outcome(turn, took), facts),
        dim(f"turn {turn.id} · {counted(len(turn.run_ids), 'generation')}"),
        turn_bars(turn),
        rows(_content(turn, turn.input)),
    )


def _header(record: Run | Turn, outcome: str, facts: Sequence[str | None]) -> Html:
    mark, style = MARKS.get(record.status, ("?", "warning")) if record.finished else ("?", "warning")
    known = " · ".join(fact for fact in facts if fact)
    return element(
        "div",
        element("b", f"{mark} {outcome}", name=f"tt-{style}"),
        f"  {known}" if known else None,
        name="tt-text",
    )


def _content(record: Run | Turn, messages: Sequence[Message]) -> list[tuple[str, Child]]:
    return [
        *_input(messages),
        *_calls(record.tool_calls),
        *((message.role, _message(message)) for message in record.output),
        *_failure(record.error),
    ]


def _input(messages: Sequence[Message]) -> Iterator[tuple[str, Child]]:
    if len(messages) > MAX_MESSAGES:
        yield "input", dim(counted(len(messages) - MAX_MESSAGES, "earlier message"))
    yield from ((message.role, _message(message)) for message in messages[-MAX_MESSAGES:])


def _message(message: Message) -> Child:
    return cut(message_line(message)) or dim("(no content)")


def _calls(calls: Sequence[ToolCall]) -> Iterator[tuple[str, Child]]:
    for call in calls[:MAX_CALLS]:
        content = [
            element("div", dim(label), cut(text), name="tt-part") for label, text in tool_content(call)
        ]
        error = [value for _, value in _failure(call.error)]
        state = None if call.answered or call.hosted else dim("no output")
        yield "tool", element("div", element("b", call.name), state, *content, *error)
    if len(calls) > MAX_CALLS:
        yield "tool", dim(f"and {counted(len(calls) - MAX_CALLS, 'more call')}")


def _cut_short(run: Run) -> Iterator[tuple[str, Child]]:
    if run.incomplete_reason:
        yield "incomplete", element("div", run.incomplete_reason, name="tt-warning")


def _failure(error: Failure | None) -> Iterator[tuple[str, Child]]:
    if error is not None:
        yield "error", element("div", _words(error), name="tt-bad")


def _words(error: Failure) -> str:
    return f"{error.type}: {cut(error.message)}" if error.message else error.type
