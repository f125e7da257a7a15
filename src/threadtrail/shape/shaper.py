"""Code that the shapes of all runs share: ids within one tree, tools, the time of the first output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.shape.spans import UNFINISHED, Span, model_of, span_id_for
from threadtrail.shape.times import run_interval

if TYPE_CHECKING:
    from threadtrail.shape.times import Interval
    from threadtrail.values import Run, Step, ToolCall

RETRIEVERS = frozenset({"file_search", "retrieval"})


class Shaper:
    """A run, and the parts that all of its spans share.

    Args:
        run: the run.
        apart: whether its spans have ids of their own, since the run may be shaped again.
    """

    def __init__(self, run: Run, *, apart: bool) -> None:
        self.run = run
        self.ids: tuple[str, ...] = (run.key, UNFINISHED) if apart else (run.key,)
        self.within: Interval = run_interval(run)
        self.model: str | None = model_of(run)
        self.used_ids: dict[tuple[str, ...], int] = {}

    def tool(self, call: ToolCall, step: Step | None, interval: Interval) -> Span:
        """Return the span of a tool call."""
        ended = call.ended_at is not None or call.output is not None or call.status == "completed"
        failed = call.error is not None or call.status == "failed"
        return Span(
            kind="retriever" if call.kind in RETRIEVERS else "tool",
            name=call.name or call.kind,
            span_id=self.id("tool", call.id),
            start=interval.start,
            end=interval.end,
            status="failed" if failed else "completed" if ended else None,
            error=call.error,
            tool_call=call,
            step=step,
        )

    def first_output(self, interval: Interval) -> int | None:
        """Return the time of the run's first output, if it is within the interval."""
        time = self.run.first_output_at
        return time if time is not None and interval.start <= time <= interval.end else None

    def id(self, *parts: str) -> str:
        """Return a node's id; two parts with the same id of the API get two ids."""
        seen = self.used_ids[parts] = self.used_ids.get(parts, 0) + 1
        return span_id_for(*self.ids, *parts, *([str(seen)] if seen > 1 else []))
