"""What is remembered between calls, within bounds: assistants, their runs' requests, messages for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.recording.bounded import Bounded
from threadtrail.sources.openai_assistants.values import REQUEST_FIELDS, SENT_FIELDS, run_request
from threadtrail.sources.repeated import Repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from threadtrail.values import Assistant, Message, RunRequest

KNOWN_ASSISTANTS = 1_024
KNOWN_THREADS = 4_096
MESSAGES_PER_THREAD = 200


class Memory:
    """Remembers what later runs need: their assistant, and the messages added to their thread before."""

    def __init__(self) -> None:
        self.assistants: Bounded[str, Assistant] = Bounded(KNOWN_ASSISTANTS)
        self.requests: Repeated[RunRequest] = Repeated(run_request, fields=REQUEST_FIELDS, sent=SENT_FIELDS)
        self._waiting: Bounded[str, list[Message]] = Bounded(KNOWN_THREADS)

    @property
    def forgotten(self) -> int:
        """How many assistants, and how many threads' messages, were forgotten for lack of room."""
        return self.assistants.forgotten + self._waiting.forgotten

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Forget what was used longest ago until the rest takes ``max_bytes`` at most, each kind a third."""
        for kept in (self.assistants, self.requests, self._waiting):
            kept.shrink(max_bytes // 3, size)

    def add_messages(self, thread_id: str, messages: Iterable[Message]) -> None:
        """Remember messages in the order they were added, the newest if there are too many."""
        waiting = [*(self._waiting.get(thread_id) or []), *messages]
        if waiting:
            self._waiting.put(thread_id, waiting[-MESSAGES_PER_THREAD:])

    def remove_message(self, thread_id: str, message_id: str | None) -> None:
        """Forget a message that was deleted before a run could answer it."""
        waiting = self._waiting.pop(thread_id) or []
        self.add_messages(thread_id, [message for message in waiting if message.id != message_id])

    def take_messages(self, thread_id: str | None) -> list[Message]:
        """Return and forget the messages that were added to the thread since its last run began."""
        return (self._waiting.pop(thread_id) or []) if thread_id is not None else []

    def forget_thread(self, thread_id: str) -> None:
        """Forget the messages of a thread that is gone."""
        self._waiting.pop(thread_id)
