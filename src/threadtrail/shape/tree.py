"""From a run to a tree of neutral spans: written once, here, so that exporters only rename.

    agent           the run: input and output messages, status, error
    ├─ generation   a step that made a message, or the model turn that asked for a step's tools
    ├─ tool         each call of a function, of the code interpreter, of any other tool
    ├─ retriever    each file search
    └─ generation   one for the whole run, if it is unknown which turn used how many tokens

The children of the agent are siblings, in the order of the run's steps. Usage is on generations alone, and
their sum is the run's usage, so that a backend that sums it gets the right number. An unfinished run has no
usage: it may be published again with it. A run that is one generation has another shape:
``one_generation.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.shape.one_generation import OneGeneration
from threadtrail.shape.shaper import Shaper
from threadtrail.shape.spans import Span, run_name
from threadtrail.shape.times import step_intervals, tool_interval, turn_interval
from threadtrail.shape.usage import place_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.shape.times import Interval
    from threadtrail.values import Message, Run, Step, Usage

__all__ = ["shape"]


def shape(run: Run, *, overwrites: bool = False) -> Span:
    """Return the run as a tree of spans. Pure: the same run always gives the same tree.

    A run that was published as unfinished may be published again, as finished. Its spans then have other ids,
    unless the backend ``overwrites`` a span by a later one with the same id.
    """
    apart = not run.finished and not overwrites
    return OneGeneration(run, apart=apart).root() if run.one_generation else _Agent(run, apart=apart).root()


class _Agent(Shaper):
    """Shapes a run that an assistant works on, step by step."""

    def __init__(self, run: Run, *, apart: bool) -> None:
        super().__init__(run, apart=apart)
        self.messages: dict[str | None, Message] = {
            message.id: message for message in run.output if message.id is not None
        }
        self.seen_steps = [step for step in run.steps if step.id is not None]
        usages, self.whole_usage = self._place_usage()
        self.usages = iter(usages)

    def _place_usage(self) -> tuple[list[Usage | None], Usage | None]:
        if not self.run.finished:
            return [None] * len(self.seen_steps), None
        return place_usage(self.run.usage, [step.usage for step in self.seen_steps])

    def root(self) -> Span:
        """Return the agent with all children; a whole-run generation, if there is one, comes first."""
        return Span(
            kind="agent",
            name=run_name(self.run),
            span_id=self.id(),
            start=self.within.start,
            end=self.within.end,
            status=self.run.status,
            error=self.run.error,
            model=self.model,
            input=self.run.input,
            output=self.run.output,
            first_output_at=self.first_output(self.within),
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
                yield self.tool(call, step, tool_interval(call, interval, self.within))

    def _whole_run(self) -> Span:
        return Span(
            kind="generation",
            name=self.model or "generation",
            span_id=self.id("generation"),
            start=self.within.start,
            end=self.within.end,
            status=self.run.status,
            error=self.run.error,
            model=self.model,
            usage=self.whole_usage,
            input=self.run.input,
            output=self.run.output,
            first_output_at=self.first_output(self.within),
        )

    def _generation(self, step: Step, step_id: str, interval: Interval) -> Span:
        message = self.messages.get(step.message_id)
        return Span(
            kind="generation",
            name=self.model or "generation",
            span_id=self.id("generation", step_id),
            start=interval.start,
            end=interval.end,
            status=step.status,
            error=step.error,
            model=self.model,
            usage=next(self.usages),
            input=self.run.input if step is self.seen_steps[0] else (),
            output=(message,) if message is not None else (),
            step=step,
            first_output_at=None if step.tool_calls else self.first_output(interval),
        )
