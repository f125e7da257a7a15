"""Runs of any make, always the same."""

from __future__ import annotations

import functools
import random
from typing import TypeVar

from threadtrail.shape import add_usages
from threadtrail.values import Message, Run, StatusChange, Step, TextPart, ToolCall, Usage

T = TypeVar("T")


class RandomRuns:
    """Runs of any make, sensible or not: times missing or out of order, usage that does not add up."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def run(self) -> Run:
        steps = tuple(self.step(number) for number in range(self.random.choice([0, 0, 1, 2, 3, 6])))
        outputs = tuple(
            Message(role="assistant", id=self.maybe(f"msg_{number}"), parts=(TextPart(text="x"),))
            for number in range(self.random.randint(0, 3))
        )
        history = tuple(
            StatusChange(status="in_progress", time=self.random.randint(0, 1000), learnt_from="poll")
            for _ in range(self.random.randint(0, 2))
        )
        return Run(
            id=f"run_{self.random.randint(0, 9)}",
            model=self.maybe("gpt-4o"),
            status_history=history,
            created_at=self.time(),
            started_at=self.time(),
            ended_at=self.time(),
            first_output_at=self.time(),
            output=outputs,
            finished=True,
            steps=steps,
            usage=self.run_usage(steps),
        )

    def step(self, number: int) -> Step:
        calls = tuple(
            ToolCall(
                id=f"call_{self.random.randint(0, 4)}",  # now and then the same id twice
                kind=self.random.choice(["function", "code_interpreter", "file_search", "teleport"]),
                name=self.random.choice(["f", ""]),
                started_at=self.time(),
                ended_at=self.time(),
                seen_live=self.random.random() < 0.5,
            )
            for _ in range(self.random.choice([0, 1, 3]))
        )
        return Step(
            id=self.maybe(f"step_{number}"),
            kind="tool_calls" if calls else "message_creation",
            tool_calls=calls,
            message_id=self.maybe(f"msg_{self.random.randint(0, 3)}"),
            usage=self.maybe(self.usage(50)),
            started_at=self.time(),
            ended_at=self.time(),
        )

    def run_usage(self, steps: tuple[Step, ...]) -> Usage | None:
        exact = add_usages(step.usage for step in steps)
        return self.random.choice([None, exact, self.usage(60), self.usage(500), Usage()])

    def usage(self, limit: int) -> Usage:
        number = self.random.randint
        return Usage(
            input_tokens=number(0, limit),
            output_tokens=number(0, limit),
            total_tokens=number(0, 2 * limit),
            cached_input_tokens=self.maybe(number(0, limit)),
            reasoning_tokens=self.maybe(number(0, limit)),
        )

    def time(self) -> int | None:
        return self.maybe(self.random.randint(0, 1000))

    def maybe(self, value: T) -> T | None:
        return value if self.random.random() < 0.7 else None


@functools.cache
def any_runs() -> list[Run]:
    """Return a thousand."""
    return [RandomRuns(seed).run() for seed in range(1000)]
