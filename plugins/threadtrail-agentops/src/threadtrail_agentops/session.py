"""The HTTP session of the exporter: every request carries the project's token, and nothing of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests import ReadTimeout, RequestException, Session, Timeout

from threadtrail.checks import no_answer, shown_address
from threadtrail_agentops.tokens import NoTokenError, Tokens

if TYPE_CHECKING:
    from requests import PreparedRequest, Request, Response

FIRST_TOKEN_TIMEOUT = 2.0
"""Seconds to wait for a token; an own, short time, so that a dead endpoint does not use up all there is."""
REFUSED = frozenset({401, 403})
REDIRECTS = range(300, 400)
OURS = frozenset(
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
"""The headers that may be sent. Others come from ``OTEL_EXPORTER_OTLP_HEADERS``: keys of other backends."""


class NoAnswerError(RequestException):
    """The backend took a request and did not answer: it may have stored what was in it.

    Not to be sent again, since AgentOps adds up the tokens of every copy.
    """


class TokenSession(Session):
    """Sends with a token, renews it once when it is refused, and adds no header of the environment."""

    def __init__(self, api_key: str, token_url: str) -> None:
        super().__init__()
        self._api_key = api_key
        self._token_url = token_url
        self.tokens = Tokens(self.ask_for_token)
        self.last_answer: str | None = None
        self._failure = ""

    @property
    def outcome(self) -> str:
        """What came of the last request, in words that hold nothing of what was sent."""
        return f"HTTP {self.last_answer}" if self.last_answer else self._failure

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send a request of the OTLP exporter.

        Raises:
            NoTokenError: there is no token; nothing was sent.
            NoAnswerError: it was sent, and nobody knows what became of it.
        """
        # The user's own collector may have a certificate authority and a client certificate; not this one.
        kwargs |= {"verify": None, "cert": None, "allow_redirects": False}
        self.verify, self.cert = True, None
        self.last_answer, self._failure = None, ""
        try:
            answer = self._send(method, url, *args, **kwargs)
        except RequestException as error:
            self._failure = _failure(str(url), error)
            raise
        if answer.status_code not in REFUSED:
            self.tokens.accepted()
        self.last_answer = f"{answer.status_code} {answer.reason}"
        if answer.status_code in REDIRECTS:  # the SDK's exporter would take it for a success
            raise RequestException(f"{self.last_answer}: the exporter endpoint has moved")
        return answer

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare the request, and leave out every header that is not ours."""
        prepared = super().prepare_request(request)
        for name in [name for name in prepared.headers if name.lower() not in OURS]:
            del prepared.headers[name]
        token = getattr(request.auth, "token", None)
        if token is not None:
            prepared.headers["Authorization"] = f"Bearer {token}"
        return prepared

    def _send(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send with a token, and once more with a new one if it is refused."""
        wait = FIRST_TOKEN_TIMEOUT
        answer = self._send_with(self.tokens.get(wait), method, url, *args, **kwargs)
        token = self.tokens.renew(wait) if answer.status_code in REFUSED else None
        return answer if token is None else self._send_with(token, method, url, *args, **kwargs)

    def _send_with(self, token: str, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().request(method, url, *args, **{**kwargs, "auth": _Bearer(token)})
        except ReadTimeout:
            raise NoAnswerError("AgentOps did not answer in time") from None

    def ask_for_token(self, timeout: float) -> Response:
        """Post the API key to the token endpoint, and return what it answers."""
        return super().request(
            "POST",
            self._token_url,
            json={"api_key": self._api_key},
            timeout=timeout,
            allow_redirects=False,
            auth=_NoAuth(),
        )


def _failure(url: str, error: RequestException) -> str:
    """Why there is no answer."""
    if isinstance(error, NoTokenError):
        return str(error)
    if isinstance(error, (NoAnswerError, Timeout)):
        return f"{shown_address(url)} did not answer in time"
    return no_answer(url, error, 0).problem.rstrip(".")


class _NoAuth:
    """Stands for no credentials; without it, ``requests`` would look for some in ``~/.netrc``."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class _Bearer(_NoAuth):
    def __init__(self, token: str) -> None:
        self.token = token
