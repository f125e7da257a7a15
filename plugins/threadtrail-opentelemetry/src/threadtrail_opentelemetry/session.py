"""The HTTP session of the OTLP exporters, which themselves say no more than whether something was taken."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests import RequestException, Response, Session

from threadtrail.checks import shown_address, why_no_answer

if TYPE_CHECKING:
    from threadtrail_opentelemetry.standard_variables import Signal

REDIRECTS = range(300, 400)
CREDENTIAL_PROVIDER = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a collector answered; ``moved_to`` is where it redirects to, without what may be secret."""

    status: int
    reason: str
    moved_to: str = ""

    @property
    def redirects(self) -> bool:
        """Whether it wants the request somewhere else."""
        return self.status in REDIRECTS

    def __str__(self) -> str:
        words = f"HTTP {self.status} {self.reason}".strip()
        if not self.redirects:
            return words
        return f"{words}, a redirect to {self.moved_to}" if self.moved_to else f"{words}, a redirect"


class RedirectedError(RequestException):
    """The collector redirects: the OTLP exporters follow none, or the wrong way, and call it a success."""


class CollectorSession(Session):
    """Knows what came of the last request, in words that hold nothing of what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.address = ""
        self.answer: Answer | None = None
        self.failure = ""

    @property
    def outcome(self) -> str:
        """The answer, or why there is none; empty if nothing was asked."""
        return str(self.answer) if self.answer else self.failure

    def forget(self) -> None:
        """Begin anew: nothing was asked yet."""
        self.answer, self.failure = None, ""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send the request.

        Raises:
            RedirectedError: the answer is a redirect.
            RequestException: there is no answer.
        """
        self.forget()
        self.address = shown_address(str(url))
        try:
            response = super().request(method, url, *args, **kwargs)
        except RequestException as error:
            self.failure = why_no_answer(self.address, error)
            raise
        self.answer = Answer(response.status_code, response.reason or "", self._moved_to(response))
        if self.answer.redirects:
            raise RedirectedError(self.outcome)
        return response

    def get_redirect_target(self, resp: Response) -> str | None:  # noqa: ARG002 - the signature of requests
        """Follow no redirect, whatever was asked for: spans would be sent to whom nobody named."""
        return None

    def _moved_to(self, response: Response) -> str:
        target = super().get_redirect_target(response)
        try:
            return shown_address(urljoin(self.address, target)) if target else ""
        except ValueError:  # it is no address
            return ""


def session_for(signal: Signal) -> CollectorSession | None:
    """Return a session for this signal; ``None`` if the program brings its own."""
    return None if asked_otherwise(signal) else CollectorSession()


def asked_otherwise(signal: Signal) -> str | None:
    """Name the variable by which the exporter's requests are made in a way of the program's own."""
    own = CREDENTIAL_PROVIDER.replace("_CREDENTIAL", f"_{signal.upper()}_CREDENTIAL")
    return next((name for name in (own, CREDENTIAL_PROVIDER) if os.environ.get(name)), None)
