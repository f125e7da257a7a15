"""An HTTP session for OTLP exporters, which by themselves only report whether a batch was accepted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests import RequestException, Response, Session
from requests.cookies import get_cookie_header

from threadtrail._text import escaped
from threadtrail.checks import shown_address, why_no_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Request

__all__ = ["HTTP_HEADERS", "Answer", "NoTimeLeftError", "OtlpSession", "RedirectedError"]

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
    """A backend's answer. ``moved_to`` is the target of a redirect, without its secrets."""

    status: int
    reason: str
    moved_to: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the backend accepted the request."""
        return self.status in ACCEPTED

    @property
    def redirects(self) -> bool:
        """Whether the backend redirects the request to another address."""
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


class NoTimeLeftError(RequestException):
    """The time for the last requests is over. Not a ``Timeout``, after which OTLP exporters would retry."""


class OtlpSession(Session):
    """Describes the outcome of the last request, without anything that was sent; follows no redirect.

    Args:
        headers: the headers to send besides those that HTTP and OTLP need. Then no others are sent, and no
            client certificate: OTLP exporters and ``requests`` take some from the environment, which are
            meant for another backend. ``None`` sends all, to the backend that the environment names.

    Attributes:
        deadline: the latest end of the last request, a time of ``time.monotonic()``; ``None`` without a
            limit.
    """

    verify: Any
    cert: Any

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._own_headers = None if headers is None else dict(headers)
        self.deadline: float | None = None
        self.address: str = ""
        self.answer: Answer | None = None
        self.failure: str = ""

    @property
    def has_time(self) -> bool:
        """Whether a request may begin."""
        return self.deadline is None or time.monotonic() < self.deadline

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
        self.address = shown_address(str(url))
        try:
            if self.deadline is not None:
                kwargs["timeout"] = _shorter(kwargs.get("timeout"), self.deadline - time.monotonic())
            response = self.send_request(method, url, *args, **kwargs)
        except RequestException as error:
            self.answer, self.failure = None, self.describe_failure(error)
            raise
        # Cleaned here, since the exporter logs it too.
        response.reason = escaped(response.reason or responses.get(response.status_code, "without a reason"))
        self.answer = Answer(response.status_code, response.reason, self._moved_to(response))
        if self.answer.redirects:
            raise RedirectedError(self.outcome)
        return response

    def send_request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send the request as ``requests`` does. Override it to add credentials or another attempt."""
        if self._own_headers is not None:
            kwargs |= {"verify": None, "cert": None}
            self.verify, self.cert = True, None
        return super().request(method, url, *args, **kwargs)

    def describe_failure(self, error: RequestException) -> str:
        """Return in a few words why there is no answer."""
        if isinstance(error, NoTimeLeftError):
            return str(error)
        return why_no_answer(self.address, error)

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare the request without the headers of the environment, unless all are sent."""
        prepared = super().prepare_request(request)
        if self._own_headers is not None:
            for name in [name for name in prepared.headers if name.lower() not in HTTP_HEADERS]:
                del prepared.headers[name]
            if cookies := get_cookie_header(self.cookies, prepared):  # those that the backend has set
                prepared.headers["Cookie"] = cookies
            prepared.headers.update(self._own_headers)
        return prepared

    def get_redirect_target(self, resp: Response) -> str | None:  # noqa: ARG002 - the signature of requests
        """Return ``None``: following a redirect would send content to a server that nobody configured."""
        return None

    def _moved_to(self, response: Response) -> str:
        target = super().get_redirect_target(response)
        try:
            return escaped(shown_address(urljoin(self.address, target))) if target else ""
        except ValueError:  # the target is not an address
            return ""


def _shorter(timeout: Any, left: float) -> float:
    """Return the timeout for a request that must end in ``left`` seconds.

    Raises:
        NoTimeLeftError: no time is left.
    """
    if left <= 0:
        raise NoTimeLeftError("the time for the last requests is over")
    return min(float(timeout), left) if isinstance(timeout, (int, float)) else left
