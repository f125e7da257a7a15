"""From a run to a tree of neutral spans: written once, here, so that exporters only rename.

    agent           the run: input and output messages, status, error
    ├─ generation   a step that made a message, or the model turn that asked for a step's tools
    ├─ tool         each call of a function, of the code interpreter, of any other tool
    ├─ retriever    each file search
    └─ generation   one for the whole run, where it is not known which turn used how many tokens

The children of the agent are siblings, in the order of the run's steps. Usage stands on generations
alone, and their sum is the run's usage: a backend that adds up gets the right number.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from threadtrail.shape.times import Interval, run_interval, step_intervals, tool_interval, turn_interval
from threadtrail.shape.usage import place_usage
from threadtrail.values import Failure, Message, Step, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.values import Run

__all__ = ["Span", "SpanKind", "shape", "span_id_for", "trace_id_for"]

SpanKind = Literal["agent", "generation", "tool", "retriever"]

UNFINISHED = "unfinished"
"""Stands in the ids of spans of a run that was not seen to end."""

RETRIEVERS = frozenset({"file_search", "retrieval"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One node of a run's tree.

    Attributes:
        kind: what the node stands for.
        name: the assistant's name, the model, or the tool's name; for people, so not unique.
        span_id: 16 hexadecimal digits that derive from run, step and tool call ids: a second look, or
            a second process, gives the same; unique within the tree, never all zero.
        start: Unix nanoseconds.
        end: Unix nanoseconds; never before ``start``, and never outside the parent.
        status: the run's or the step's own word; ``completed`` or ``failed`` for a tool call that ended.
        error: why it failed.
        model: on the agent and its generations.
        usage: on generations alone; their sum is the run's usage.
        input: the run's input messages, on the agent and on its first generation.
        output: the run's output messages on the agent; the step's own message on its generation.
        tool_call: the call, on tools and retrievers.
        step: the step that the node was made from; ``None`` on the agent and the whole-run generation.
        first_output_at: when the first output was seen, on the agent and on the generation it fell into.
        children: in order; only the agent has any.
    """

    kind: SpanKind
    name: str
    span_id: str
    start: int
    end: int
    status: str | None = None
    error: Failure | None = None
    model: str | None = None
    usage: Usage | None = None
    input: tuple[Message, ...] = ()
    output: tuple[Message, ...] = ()
    tool_call: ToolCall | None = None
    step: Step | None = None
    first_output_at: int | None = None
    children: tuple[Span, ...] = ()

    @property
    def requested_tool_calls(self) -> tuple[ToolCall, ...]:
        """What a generation asked for instead of answering; empty on every other span."""
        return self.step.tool_calls if self.kind == "generation" and self.step is not None else ()

    def walk(self) -> Iterator[Span]:
        """Yield this span, then all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def shape(run: Run, *, overwrites: bool = False) -> Span:
    """Return the run as a tree of spans. Pure: the same run always gives the same tree.

    A run that was published as unfinished may be published again, as finished. Its spans then have other ids,
    unless the backend ``overwrites`` a span by a later one of the same id.
    """
    return _Shaper(run, apart=not run.finished and not overwrites).agent()


def unfinished_span_id(run_id: str) -> str:
    """Return the id of the agent span that a run had when it was published as unfinished."""
    return span_id_for(run_id, UNFINISHED)


def trace_id_for(identifier: str) -> str:
    """Return a W3C trace id (32 hexadecimal digits, never all zero) for a run id or an event's trace id."""
    return _digest(("trace", identifier), digits=32)


def span_id_for(*identifiers: str) -> str:
    """Return a W3C span id (16 hexadecimal digits, never all zero) for ids that name one thing together.

    ``span_id_for(run.id)`` is the id of the run's agent span.
    """
    return _digest(("span", *identifiers), digits=16)


def _digest(parts: tuple[str, ...], *, digits: int) -> str:
    # Lengths keep ("ab", "c") and ("a", "bc") apart; surrogatepass, since an id may be any text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return digest if digest.strip("0") else "1".rjust(digits, "0")


class _Shaper:
    """The run, and what all of its spans share."""

    def __init__(self, run: Run, *, apart: bool) -> None:
        self.run = run
        self.ids = (run.id, UNFINISHED) if apart else (run.id,)
        self.within = run_interval(run)
        self.model = run.model or run.request.model or (run.assistant.model if run.assistant else None)
        self.messages: dict[str | None, Message] = {
            message.id: message for message in run.output if message.id is not None
        }
        self.used_ids: dict[tuple[str, ...], int] = {}
        self.seen_steps = [step for step in run.steps if step.id is not None]
        usages, self.whole_usage = place_usage(run.usage, [step.usage for step in self.seen_steps])
        self.usages = iter(usages)

    def agent(self) -> Span:
        """The root, with all children; the whole-run generation, where there is one, comes first."""
        assistant = self.run.assistant
        return Span(
            kind="agent",
            name=(assistant and (assistant.name or assistant.id)) or "run",
            span_id=self._id(),
            start=self.within.start,
            end=self.within.end,
            status=self.run.status,
            error=self.run.error,
            model=self.model,
            input=self.run.input,
            output=self.run.output,
            first_output_at=self._first_output(self.within),
            children=tuple(self._children()),
        )

    def _children(self) -> Iterator[Span]:
        if self.whole_usage is not None or not self.seen_steps:
            yield self._whole_run()
        intervals = step_intervals(self.run.steps, self.within)
        for step, interval in zip(self.run.steps, intervals, strict=True):
            if step.id is not None:
                yield self._generation(step, step.id, turn_interval(step, interval))
            for call in step.tool_calls:
                yield self._tool(call, step, tool_interval(call, interval, self.within))

    def _whole_run(self) -> Span:
        return Span(
            kind="generation",
            name=self.model or "generation",
            span_id=self._id("generation"),
            start=self.within.start,
            end=self.within.end,
            status=self.run.status,
            error=self.run.error,
            model=self.model,
            usage=self.whole_usage,
            input=self.run.input,
            output=self.run.output,
            first_output_at=self._first_output(self.within),
        )

    def _generation(self, step: Step, step_id: str, interval: Interval) -> Span:
        message = self.messages.get(step.message_id)
        return Span(
            kind="generation",
            name=self.model or "generation",
            span_id=self._id("generation", step_id),
            start=interval.start,
            end=interval.end,
            status=step.status,
            error=step.error,
            model=self.model,
            usage=next(self.usages),
            input=self.run.input if step is self.seen_steps[0] else (),
            output=(message,) if message is not None else (),
            step=step,
            first_output_at=None if step.tool_calls else self._first_output(interval),
        )

    def _tool(self, call: ToolCall, step: Step, interval: Interval) -> Span:
        done = "completed" if call.ended_at is not None or call.output is not None else None
        return Span(
            kind="retriever" if call.kind in RETRIEVERS else "tool",
            name=call.name or call.kind,
            span_id=self._id("tool", call.id),
            start=interval.start,
            end=interval.end,
            status="failed" if call.error is not None else done,
            error=call.error,
            tool_call=call,
            step=step,
        )

    def _first_output(self, interval: Interval) -> int | None:
        """The time of the run's first output, if it fell into the interval."""
        time = self.run.first_output_at
        return time if time is not None and interval.start <= time <= interval.end else None

    def _id(self, *parts: str) -> str:
        """The node's id; an API that gives two parts one id still gets two spans."""
        seen = self.used_ids[parts] = self.used_ids.get(parts, 0) + 1
        return span_id_for(*self.ids, *parts, *([str(seen)] if seen > 1 else []))
