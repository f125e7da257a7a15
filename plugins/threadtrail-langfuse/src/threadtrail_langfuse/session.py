"""The HTTP session that sends to Langfuse: only its own headers, and it knows what came of each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests import RequestException, Response, Session

from threadtrail.checks import shown_address, why_no_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITTEN_BY_HTTP = frozenset({"content-type", "content-encoding", "user-agent", "accept", "accept-encoding"})
REDIRECTS = range(300, 400)


class RedirectedError(RequestException):
    """The server redirects: the OTLP exporter follows none, or the wrong way, and calls it a success."""


class LangfuseSession(Session):
    """Sends the headers that are meant for Langfuse, and none that the environment adds.

    ``outcome`` is what came of the last request, in words that hold nothing of what was sent.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        self._allowed = WRITTEN_BY_HTTP | {name.lower() for name in headers}
        self.outcome = ""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send the request.

        Raises:
            RedirectedError: the answer is a redirect.
            RequestException: there is no answer.
        """
        headers = kwargs.get("headers")
        if headers:
            kwargs["headers"] = {k: v for k, v in headers.items() if k.lower() in self._allowed}
        address = shown_address(str(url))
        try:
            response = super().request(method, url, *args, **kwargs)
        except RequestException as error:
            self.outcome = why_no_answer(address, error)
            raise
        self.outcome = f"HTTP {response.status_code} {response.reason or ''}".strip()
        if response.status_code in REDIRECTS:
            self.outcome += f", a redirect{self._moved_to(address, response)}"
            raise RedirectedError(self.outcome)
        return response

    def get_redirect_target(self, resp: Response) -> str | None:  # noqa: ARG002 - the signature of requests
        """Follow no redirect, whatever was asked for: content would be sent to whom nobody named."""
        return None

    def _moved_to(self, address: str, response: Response) -> str:
        target = super().get_redirect_target(response)
        try:
            return f" to {shown_address(urljoin(address, target))}" if target else ""
        except ValueError:  # it is no address
            return ""
