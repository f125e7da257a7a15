"""What is known of a run apart from its status, its steps and its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.recording.meaning import NO_PARTICULARS
from threadtrail.values import EMPTY, NO_REQUEST, Assistant, Failure

if TYPE_CHECKING:
    from threadtrail.recording.facts import RunSeen
    from threadtrail.recording.meaning import Opening
    from threadtrail.recording.sharing import Shared
    from threadtrail.values import RunRequest, Usage


class Known:
    """Keeps what the latest look shows; what that leaves out stays as an earlier look showed it.

    Values that are mostly equal among the runs of an assistant are kept once, by ``shared``.
    """

    __slots__ = (
        "_deleted",
        "_incomplete_reason",
        "_metadata",
        "_model",
        "_one_generation",
        "_particulars",
        "_request_id",
        "_shared",
        "assistant",
        "error",
        "request",
        "usage",
    )

    def __init__(self, request_id: str | None, shared: Shared) -> None:
        self._shared = shared
        self._request_id = request_id
        self._deleted = False
        self._incomplete_reason: str | None = None
        self._metadata: Any = EMPTY
        self._model: str | None = None
        self._one_generation = False
        self._particulars = NO_PARTICULARS
        self.assistant: Assistant | None = None
        self.error: Failure | None = None
        self.request: RunRequest = NO_REQUEST
        self.usage: Usage | None = None

    def begin(self, opening: Opening) -> None:
        """See what the run begins with."""
        self._one_generation = opening.one_generation
        self._take_request(opening.request, opening.assistant)

    def adopt(self, opening: Opening, request_id: str | None) -> None:
        """See what the call that created the run knows, after another look was read first."""
        self._take_request(opening.request, opening.assistant or self.assistant)
        self._request_id = request_id

    def _take_request(self, request: RunRequest, assistant: Assistant | None) -> None:
        one = self._shared.one
        kind = None if assistant is None else assistant.id
        self.request = one(("request", kind, request.model), request)
        self.assistant = None if assistant is None else one(("assistant", kind), assistant)

    def see(self, seen: RunSeen) -> None:
        """See the run object; a server may add to it even after the run has ended."""
        self.usage = seen.usage or self.usage
        self.error = seen.error or self.error
        self._incomplete_reason = seen.incomplete_reason or self._incomplete_reason
        self._metadata = seen.metadata if seen.metadata is not None else self._metadata
        self._model = seen.model or self._model
        if seen.particulars is not NO_PARTICULARS:
            updated = self._particulars.updated(seen.particulars)
            self._particulars = self._shared.one("particulars", updated)

    def see_error(self, error: Failure | None) -> None:
        """See what went wrong, if something did; an error that the run itself has comes first."""
        self.error = self.error or error

    def see_deleted(self) -> None:
        """See that the app deleted the run."""
        self._deleted = True

    @property
    def is_background(self) -> bool:
        """Whether the server works on the run even if no client is connected."""
        return self._particulars.background is True

    @property
    def previous_run_id(self) -> str | None:
        """The run that it follows in a chain."""
        return self._particulars.previous_run_id

    @property
    def kept(self) -> tuple[Any, ...]:
        """The parts of it that take much memory."""
        return self.request, self._metadata

    def forget_content(self) -> None:
        """Forget what is only needed for ``RunEnded``."""
        self.request, self._metadata = NO_REQUEST, EMPTY

    def fields(self) -> dict[str, Any]:
        """Return what is known, by the names of the fields of ``Run``."""
        return {
            "assistant": self.assistant,
            "model": self._model or self.request.model,
            "request": self.request,
            "usage": self.usage,
            "error": self.error,
            "incomplete_reason": self._incomplete_reason,
            "metadata": self._metadata,
            "request_id": self._request_id,
            "deleted": self._deleted,
            "one_generation": self._one_generation,
            **self._particulars.fields(),
        }
