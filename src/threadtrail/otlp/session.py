"""An HTTP session for OTLP exporters, which by themselves report only whether a batch was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests import RequestException, Response, Session

from threadtrail.checks import shown_address, why_no_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from requests import PreparedRequest, Request

__all__ = ["HTTP_HEADERS", "Answer", "OtlpSession", "RedirectedError"]

ACCEPTED = range(200, 300)
REDIRECTS = range(300, 400)

HTTP_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "user-agent",
    }
)
"""The headers that HTTP and OTLP need."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a backend answered. ``moved_to`` is the target of a redirect, without its secrets."""

    status: int
    reason: str
    moved_to: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the backend took the request."""
        return self.status in ACCEPTED

    @property
    def redirects(self) -> bool:
        """Whether the backend wants the request at another address."""
        return self.status in REDIRECTS

    def __str__(self) -> str:
        words = f"HTTP {self.status} {self.reason}".strip()
        if not self.redirects:
            return words
        return f"{words}, a redirect to {self.moved_to}" if self.moved_to else f"{words}, a redirect"


class RedirectedError(RequestException):
    """The backend answered with a redirect.

    OTLP exporters do not follow one, or not correctly, and count it as a success.
    """


class OtlpSession(Session):
    """Describes what became of the last request, without anything that was sent; follows no redirect.

    Args:
        allowed_headers: names of the headers that are sent; all others are left out. OTLP exporters and
            ``requests`` add some from the environment, which may hold the key of another backend.
            ``None`` sends all.
    """

    def __init__(self, allowed_headers: Iterable[str] | None = None) -> None:
        super().__init__()
        self.allowed_headers = (
            None if allowed_headers is None else frozenset(name.lower() for name in allowed_headers)
        )
        self.address = ""
        self.answer: Answer | None = None
        self.failure = ""

    @property
    def outcome(self) -> str:
        """The answer to the last request, or why there is none; empty before the first request."""
        return str(self.answer) if self.answer else self.failure

    def forget(self) -> None:
        """Forget the last request."""
        self.answer, self.failure = None, ""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send a request.

        Raises:
            RedirectedError: the answer is a redirect.
            RequestException: there is no answer.
        """
        self.forget()
        self.address = shown_address(str(url))
        try:
            response = self.send_request(method, url, *args, **kwargs)
        except RequestException as error:
            self.failure = self.describe_failure(error)
            raise
        self.answer = Answer(response.status_code, response.reason or "", self._moved_to(response))
        if self.answer.redirects:
            raise RedirectedError(self.outcome)
        return response

    def send_request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send the request as ``requests`` does. Override it to add credentials or another attempt."""
        return super().request(method, url, *args, **kwargs)

    def describe_failure(self, error: RequestException) -> str:
        """Return in a few words why there is no answer."""
        return why_no_answer(self.address, error)

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare the request without the headers that are not allowed."""
        prepared = super().prepare_request(request)
        if self.allowed_headers is not None:
            for name in [name for name in prepared.headers if name.lower() not in self.allowed_headers]:
                del prepared.headers[name]
        return prepared

    def get_redirect_target(self, resp: Response) -> str | None:  # noqa: ARG002 - the signature of requests
        """Return ``None``: a redirect that is followed sends content to a server that nobody configured."""
        return None

    def _moved_to(self, response: Response) -> str:
        target = super().get_redirect_target(response)
        try:
            return shown_address(urljoin(self.address, target)) if target else ""
        except ValueError:  # the target is no address
            return ""
