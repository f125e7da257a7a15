"""The HTTP session of the exporter: every request has the project's token, and no header meant for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests import ReadTimeout, RequestException

from threadtrail.otlp.session import OtlpSession
from threadtrail_agentops.tokens import NoTokenError, Tokens

if TYPE_CHECKING:
    from requests import PreparedRequest, Request, Response

FIRST_TOKEN_TIMEOUT = 2.0
"""How long to wait for a token, in seconds; short, so that a dead endpoint does not use the whole timeout."""
REFUSED = frozenset({401, 403})


class AnswerTimeoutError(RequestException):
    """The backend received a request and did not answer: it may have stored the spans.

    It is not a ``Timeout`` of ``requests``, after which an OTLP exporter sends again: AgentOps sums the
    tokens of all copies.
    """


class TokenSession(OtlpSession):
    """Sends with a token, and renews it once if it is rejected."""

    def __init__(self, api_key: str, token_url: str) -> None:
        super().__init__({})  # the token is added to each request
        self._api_key = api_key
        self._token_url = token_url
        self.tokens: Tokens = Tokens(self.ask_for_token)

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send a request of the OTLP exporter.

        Raises:
            NoTokenError: there is no token; nothing was sent.
            AnswerTimeoutError: it was sent, and its result is not known.
            RedirectedError: the answer is a redirect.
        """
        return super().request(method, url, *args, **{**kwargs, "allow_redirects": False})

    def send_request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        """Send with a token, and once more with a new one if it is rejected."""
        wait = FIRST_TOKEN_TIMEOUT
        answer = self._send_with(self.tokens.get(wait), method, url, *args, **kwargs)
        token = self.tokens.renew(wait) if answer.status_code in REFUSED else None
        if token is not None:
            answer = self._send_with(token, method, url, *args, **kwargs)
        if answer.status_code not in REFUSED:
            self.tokens.accepted()
        return answer

    def describe_failure(self, error: RequestException) -> str:
        """Return in a few words why there is no answer."""
        return str(error) if isinstance(error, NoTokenError) else super().describe_failure(error)

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare the request with the token, and only with headers that are ours."""
        prepared = super().prepare_request(request)
        token = getattr(request.auth, "token", None)
        if token is not None:
            prepared.headers["Authorization"] = f"Bearer {token}"
        return prepared

    def ask_for_token(self, timeout: float) -> Response:
        """Post the API key to the token endpoint; return the answer."""
        return super().send_request(
            "POST",
            self._token_url,
            json={"api_key": self._api_key},
            timeout=timeout,
            allow_redirects=False,
            auth=_NoAuth(),
        )

    def _send_with(self, token: str, method: Any, url: Any, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().send_request(method, url, *args, **{**kwargs, "auth": _Bearer(token)})
        except ReadTimeout:
            raise AnswerTimeoutError("AgentOps did not answer in time") from None


class _NoAuth:
    """No credentials; without it, ``requests`` looks for some in ``~/.netrc``."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class _Bearer(_NoAuth):
    def __init__(self, token: str) -> None:
        self.token = token
