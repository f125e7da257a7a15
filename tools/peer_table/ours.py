"""threadtrail itself, which records runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
from peer_table.entries import Entry

from threadtrail.events import RequestFailed
from threadtrail.testing import capture

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from threadtrail.testing import Captured


class Threadtrail:
    """threadtrail with its defaults; at the end of a scenario, unfinished runs are delivered too."""

    def __init__(self) -> None:
        self._recording: AbstractContextManager[Captured] | None = None
        self._captured: Captured | None = None

    def client(self, *, is_async: bool, **options: Any) -> Any:
        """Return a client of the SDK, and begin to record."""
        self._recording = capture()
        self._captured = self._recording.__enter__()
        return (openai.AsyncOpenAI if is_async else openai.OpenAI)(**options)

    def take(self) -> list[Entry]:
        """Return the runs."""
        if self._recording is None or self._captured is None:
            return []
        self._recording.__exit__(None, None, None)
        failed = bool(self._captured.of(RequestFailed))
        return [
            Entry(
                run.usage.input_tokens if run.usage is not None else 0,
                failed or run.error is not None,
                len(run.tool_calls),
            )
            for run in self._captured.runs
        ]
