"""What a tool recorded, in terms that all tools have."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a tool sends to its backend: a span, a log, a run."""

    input_tokens: int = 0
    error: bool = False
    tools: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """What a tool recorded of one scenario.

    Attributes:
        entries: how many spans, logs or runs it has.
        input_tokens: the tokens on all of them.
        error: whether one of them is an error.
        tools: the number of tool calls in the runs, for a tool that counts runs instead of spans.
        raised: the error that the app got and the SDK alone would not raise.
    """

    entries: int = 0
    input_tokens: int = 0
    error: bool = False
    tools: int = 0
    raised: str | None = None

    @classmethod
    def of(cls, entries: list[Entry], raised: str | None = None) -> Recorded:
        """Add up what was recorded."""
        return cls(
            len(entries),
            sum(entry.input_tokens for entry in entries),
            any(entry.error for entry in entries),
            sum(entry.tools for entry in entries),
            raised,
        )


class Tool(Protocol):
    """A tool that is switched on in this process."""

    def client(self, *, is_async: bool, **options: Any) -> Any:
        """Return a client of the SDK, made as the tool needs it."""

    def take(self) -> list[Entry]:
        """Make the tool deliver everything, and return what is new."""
