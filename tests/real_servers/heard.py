"""What an app got from a server, and whether the recording has the same."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.values import Run, Usage

UNFINISHED = {"queued", "in_progress"}


class Heard:
    """The latest state of each response, and the story of all of them without what differs each time."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.name = uuid.uuid4().hex[:8]
        """For texts that make the server wait, and go on."""
        self.responses: dict[str, Any] = {}
        self.compactions: dict[str, Any] = {}
        self.conversations: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.in_background: set[str] = set()
        self.story: list[Any] = []

    def note(self, response: Any) -> Any:
        """Keep a response; it is part of the story once it has ended."""
        self.responses[response.id] = response
        if response.status not in UNFINISHED:
            said = [self._item(item) for item in response.output]
            usage = response.usage and response.usage.model_dump()
            error = response.error and response.error.model_dump()
            self.tell(type(response).__qualname__, response.status, said, usage, error)
        return response

    def note_event(self, event: Any) -> None:
        """Keep the response in an event of a stream."""
        self.tell(type(event).__qualname__, event.type)
        if hasattr(event, "response"):
            self.note(event.response)

    def tell(self, *what: Any) -> None:
        """Add to the story."""
        self.story.append(what)

    def _item(self, item: Any) -> tuple[str, str]:
        said = getattr(item, "arguments", None) or "".join(part.text for part in item.content)
        return item.type, said.replace(self.name, "NAME")

    def compare(self, runs: Sequence[Run]) -> None:
        """Check that each response became one run with the same content."""
        told = Counter(run.id for run in runs)
        assert told == Counter([*self.responses, *self.compactions])
        for run in runs:
            assert run.source == "openai.responses"
            if run.id in self.compactions:
                _compare_usage(run.usage, self.compactions[run.id].usage)
            else:
                self._compare(run, self.responses[run.id])

    def _compare(self, run: Run, response: Any) -> None:
        assert (run.status, run.finished) == (response.status, response.status not in UNFINISHED)
        assert run.model == response.model
        assert run.background == (run.id in self.in_background)
        assert run.previous_run_id == response.previous_response_id
        assert run.thread_id == self.conversations.get(run.id)
        asked = self.answers.get(run.id)
        assert run.answers == (() if asked is None else (asked,))
        assert run.turn_id == (asked or run.id)
        assert "".join(message.text for message in run.output) == response.output_text
        assert run.incomplete_reason == getattr(response.incomplete_details, "reason", None)
        error = response.error and (response.error.code, response.error.message)
        assert (run.error and (run.error.type, run.error.message)) == error
        _compare_usage(run.usage, response.usage)
        calls = [item for item in response.output if item.type == "function_call"]
        assert [(call.id, call.name, call.arguments, call.output) for call in run.tool_calls] == [
            (item.call_id, item.name, item.arguments, self.outputs.get(item.call_id)) for item in calls
        ]


def _compare_usage(recorded: Usage | None, said: Any) -> None:
    if said is None:
        assert recorded is None
        return
    assert recorded is not None
    assert recorded.input_tokens == said.input_tokens
    assert recorded.output_tokens == said.output_tokens
    assert recorded.total_tokens == said.total_tokens
    assert (recorded.cached_input_tokens or 0) == said.input_tokens_details.cached_tokens
    assert (recorded.reasoning_tokens or 0) == said.output_tokens_details.reasoning_tokens
