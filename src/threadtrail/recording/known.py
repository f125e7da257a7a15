"""What is known of a run apart from its status, its steps and its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from threadtrail.recording.meaning import NO_PARTICULARS
from threadtrail.values import EMPTY, NO_REQUEST, Assistant, Failure

if TYPE_CHECKING:
    from threadtrail.recording.facts import RunSeen
    from threadtrail.recording.meaning import Opening
    from threadtrail.recording.sharing import Shared
    from threadtrail.values import RunRequest, Usage


class _Outcome(NamedTuple):
    """What comes with the end of a run, so that open ones do without; the fields are those of ``Run``."""

    usage: Usage | None = None
    error: Failure | None = None
    incomplete_reason: str | None = None
    deleted: bool = False


NO_OUTCOME = _Outcome()


class Known:
    """Keeps what the latest look shows; what that leaves out stays as an earlier look showed it.

    Values that are mostly equal among the runs of an assistant are kept once, in ``shared``.
    """

    __slots__ = (
        "_metadata",
        "_model",
        "_one_generation",
        "_outcome",
        "_particulars",
        "_request_id",
        "assistant",
        "request",
    )

    def __init__(self, request_id: str | None) -> None:
        self._request_id = request_id
        self._metadata: Any = EMPTY
        self._model: str | None = None
        self._one_generation = False
        self._outcome = NO_OUTCOME
        self._particulars = NO_PARTICULARS
        self.assistant: Assistant | None = None
        self.request: RunRequest = NO_REQUEST

    def begin(self, opening: Opening, shared: Shared) -> None:
        """See what the run begins with."""
        self._one_generation = opening.one_generation
        self._take_request(opening.request, opening.assistant, shared)

    def adopt(self, opening: Opening, request_id: str | None, shared: Shared) -> None:
        """See what the call that created the run knows, after another look was read first."""
        self._take_request(opening.request, opening.assistant or self.assistant, shared)
        self._request_id = request_id

    def _take_request(self, request: RunRequest, assistant: Assistant | None, shared: Shared) -> None:
        one = shared.one
        kind = None if assistant is None else assistant.id
        self.request = one(("request", kind, request.model), request)
        self.assistant = None if assistant is None else one(("assistant", kind), assistant)

    def see(self, seen: RunSeen, shared: Shared) -> None:
        """See the run object; a server may add to it even after the run has ended."""
        if seen.usage or seen.error or seen.incomplete_reason:
            outcome = self._outcome
            self._outcome = outcome._replace(
                usage=seen.usage or outcome.usage,
                error=seen.error or outcome.error,
                incomplete_reason=seen.incomplete_reason or outcome.incomplete_reason,
            )
        self._metadata = seen.metadata if seen.metadata is not None else self._metadata
        self._model = seen.model or self._model
        if seen.particulars is not NO_PARTICULARS:
            updated = self._particulars.updated(seen.particulars)
            self._particulars = shared.one("particulars", updated)

    def see_error(self, error: Failure | None) -> None:
        """See what went wrong, if something did; an error that the run itself has comes first."""
        if self.error is None:
            self._outcome = self._outcome._replace(error=error)

    def see_deleted(self) -> None:
        """See that the app deleted the run."""
        self._outcome = self._outcome._replace(deleted=True)

    @property
    def usage(self) -> Usage | None:
        """The tokens that it used."""
        return self._outcome.usage

    @property
    def error(self) -> Failure | None:
        """What went wrong."""
        return self._outcome.error

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
            "metadata": self._metadata,
            "request_id": self._request_id,
            "one_generation": self._one_generation,
            **self._outcome._asdict(),
            **self._particulars.fields(),
        }
