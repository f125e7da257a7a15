"""The nodes of a run's tree, and the ids that derive from those of the run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from threadtrail.values import Failure, Message, Step, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.values import Run

SpanKind = Literal["agent", "generation", "tool", "retriever"]

UNFINISHED = "unfinished"
"""A part of the ids of spans of a run that was not seen to end."""


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
        usage: on generations alone; their sum is the run's usage. None of a run that is unfinished.
        input: the run's input messages, on the agent and on its first generation.
        output: the run's output messages on the agent and on a run's one generation; else the step's own
            message on its generation.
        tool_call: the call, on tools and retrievers.
        step: the step that the node was made from; ``None`` on the agent and the whole-run generation.
        steps: on the generation of a run with ``one_generation``: the items of its answer, in order.
        first_output_at: when the first output was seen, on the agent and on the generation it fell into.
        children: in order; only the agent has any, and a run's one generation.
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
    steps: tuple[Step, ...] = ()

    @property
    def requested_tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that a generation asked for; empty on every other span."""
        if self.kind != "generation":
            return ()
        if self.step is not None:
            return self.step.tool_calls
        return tuple(call for step in self.steps for call in step.tool_calls if not call.hosted)

    def walk(self) -> Iterator[Span]:
        """Yield this span, then all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def run_name(run: Run) -> str:
    """Return the run's name for display: that of its assistant or prompt, else its model's."""
    assistant = run.assistant
    known = (assistant and (assistant.name or assistant.id)) or (run.one_generation and model_of(run))
    return known or "run"


def model_of(run: Run) -> str | None:
    """Return the model that worked on the run, else the model of the request."""
    return run.model or run.request.model or (run.assistant.model if run.assistant else None)


def unfinished_span_id(run_key: str) -> str:
    """Return the id of the root span that a run had when it was published as unfinished."""
    return span_id_for(run_key, UNFINISHED)


def trace_id_for(identifier: str) -> str:
    """Return a W3C trace id (32 hexadecimal digits, never all zero) for a run's key or a trace's id."""
    return _digest(("trace", identifier), digits=32)


def span_id_for(*identifiers: str) -> str:
    """Return a W3C span id (16 hexadecimal digits, never all zero) for ids that together name one thing.

    ``span_id_for(run.key)`` is the id of the run's root span: its agent, or its one generation.
    """
    return _digest(("span", *identifiers), digits=16)


def _digest(parts: tuple[str, ...], *, digits: int) -> str:
    # Lengths keep ("ab", "c") and ("a", "bc") apart; surrogatepass, since an id may be any text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return digest if digest.strip("0") else "1".rjust(digits, "0")
