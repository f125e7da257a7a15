"""The shape of a run that is one generation: a single answer of the model, with the steps as its items.

    generation      the run itself, with its usage
    ├─ tool         each call that the server ran
    └─ retriever    each file search

A run that asked the app, or a person, for something has an agent as its root:

    agent           the run, until its calls are answered
    ├─ generation   until the model had answered, with the usage; the server's tools are below it
    └─ tool         each call for the app that is answered

An exporter that supports turns makes one agent for the turn instead, with the ``parts`` of its runs below it
(``threadtrail.shape.turns``).

Reasoning, messages and lists of tools are items without a span of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.shape.shaper import Shaper
from threadtrail.shape.spans import Span, run_name
from threadtrail.shape.times import generation_interval, step_intervals, tool_interval
from threadtrail.turn import usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.shape.times import Interval
    from threadtrail.values import Usage


class OneGeneration(Shaper):
    """Shapes a run with ``one_generation``."""

    def root(self) -> Span:
        """Return the generation, or an agent with the generation below it if it asked the app for calls."""
        if not self._asks:
            return self._generation(run_name(self.run), self.id(), self.within)
        run = self.run
        return Span(
            kind="agent",
            name=run_name(run),
            span_id=self.id(),
            start=self.within.start,
            end=self.within.end,
            status=run.status,
            error=run.error,
            model=self.model,
            input=run.input,
            output=run.output,
            first_output_at=self.first_output(self.within),
            children=tuple(self._children()),
        )

    def parts(self) -> tuple[Span, ...]:
        """Return the generation, then the answered calls: the spans below the agent of a turn."""
        interval = generation_interval(self.run, self.within) if self._asks else self.within
        return (self._generation(self._model_name, self.id(), interval), *self._answered(interval))

    @property
    def _asks(self) -> bool:
        return not all(call.hosted for call in self.run.tool_calls)

    @property
    def _model_name(self) -> str:
        return self.model or "generation"

    def _children(self) -> Iterator[Span]:
        interval = generation_interval(self.run, self.within)
        yield self._generation(self._model_name, self.id("generation"), interval)
        yield from self._answered(interval)

    def _answered(self, interval: Interval) -> Iterator[Span]:
        for step in self.run.steps:
            for call in step.tool_calls:
                # An open call has no span: its answer makes the span, whenever it comes.
                if not call.hosted and call.answered:
                    start = interval.end if call.started_at is None else call.started_at
                    end = self.within.end if call.ended_at is None else call.ended_at
                    yield self.tool(call, step, self.within.fit(start, end))

    def _generation(self, name: str, span_id: str, interval: Interval) -> Span:
        run = self.run
        return Span(
            kind="generation",
            name=name,
            span_id=span_id,
            start=interval.start,
            end=interval.end,
            status=run.status,
            error=run.error,
            model=self.model,
            usage=self._usage(),
            input=run.input,
            output=run.output,
            first_output_at=self.first_output(interval),
            children=tuple(self._hosted(interval)),
            steps=run.steps,
        )

    def _usage(self) -> Usage | None:
        run = self.run
        if not run.finished:  # it may be published again, with its usage
            return None
        return usage_of(run)

    def _hosted(self, within: Interval) -> Iterator[Span]:
        intervals = step_intervals(self.run.steps, within)
        for step, interval in zip(self.run.steps, intervals, strict=True):
            for call in step.tool_calls:
                if call.hosted:
                    yield self.tool(call, step, tool_interval(call, interval, within))
