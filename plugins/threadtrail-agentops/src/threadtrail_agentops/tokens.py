"""The project's token (a JWT): fetched when it is needed, renewed before it expires or when rejected."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from requests import RequestException, Response

if TYPE_CHECKING:
    from collections.abc import Callable

BACK_OFF_SECONDS = 30.0
"""How long a rejected key or token is not tried again, in seconds."""
MAX_USE_SECONDS = 7 * 24 * 3600.0
MIN_USE_SECONDS = 30.0
SHARE_OF_LIFETIME = 0.9
CLIENT_ERRORS = range(400, 500)
TRY_AGAIN = frozenset({408, 425, 429})


class NoTokenError(RequestException):
    """There is no token, so nothing can be sent; ``temporary`` if another attempt may succeed."""

    def __init__(self, reason: str, *, temporary: bool) -> None:
        super().__init__(f"AgentOps issued no token: {reason}")
        self.temporary = temporary


class Token(NamedTuple):
    """A token, and when to fetch the next one (in seconds of ``time.monotonic()``)."""

    text: str
    renew_at: float


class Tokens:
    """Holds the token of one project; used by one thread at a time.

    Args:
        ask: posts the API key to the token endpoint; its argument is the timeout in seconds.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, ask: Callable[[float], Response], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._token: Token | None = None
        self._refused_at: float | None = None
        self._refusal = ""

    def get(self, timeout: float) -> str:
        """Return a token that should be valid; fetch one if needed.

        Raises:
            NoTokenError: there was none within ``timeout`` seconds.
        """
        if self._token is None or self._clock() >= self._token.renew_at:
            self._token = self._fetch(timeout)
        return self._token.text

    def renew(self, timeout: float) -> str | None:
        """Return a new token after the backend rejected one; ``None`` if that was tried recently.

        Raises:
            NoTokenError: there was none within ``timeout`` seconds.
        """
        if self._in_back_off():
            return None
        self._token = None
        self._token = self._fetch(timeout)
        # If the new one is rejected as well, another attempt for each batch will not help.
        self._refuse("the backend rejects the project's tokens")
        return self._token.text

    def accepted(self) -> None:
        """Note that the backend accepted the token."""
        self._refused_at = None

    def _fetch(self, timeout: float) -> Token:
        if self._in_back_off():
            raise NoTokenError(self._refusal, temporary=False)
        try:
            answer = self._ask(timeout)
        except RequestException as error:
            # Only the type of the error: its message may quote what was sent.
            raise NoTokenError(
                f"the token endpoint did not answer ({type(error).__name__})", temporary=True
            ) from None
        if not answer.ok:
            raise self._refused(answer)
        text = _token_in(answer)
        if text is None:
            raise self._refuse("the token endpoint answered without a token")
        return Token(text, self._clock() + _seconds_of_use(text))

    def _refused(self, answer: Response) -> NoTokenError:
        status = answer.status_code
        if status in CLIENT_ERRORS and status not in TRY_AGAIN:
            return self._refuse(f"the token endpoint answered {status}; is AGENTOPS_API_KEY right?")
        return NoTokenError(f"the token endpoint answered {status}", temporary=True)

    def _refuse(self, refusal: str) -> NoTokenError:
        self._refused_at, self._refusal = self._clock(), refusal
        return NoTokenError(refusal, temporary=False)

    def _in_back_off(self) -> bool:
        return self._refused_at is not None and self._clock() - self._refused_at < BACK_OFF_SECONDS


def _token_in(answer: Response) -> str | None:
    try:
        token = answer.json()["token"]
    except (ValueError, KeyError, TypeError):
        return None
    return token if isinstance(token, str) and token else None


def _seconds_of_use(token: str) -> float:
    """Return how long to use a token: most of its lifetime, so that it is renewed before it expires."""
    claims = _claims(token)
    begins, ends = claims.get("iat", time.time()), claims.get("exp")
    if not isinstance(ends, (int, float)) or not isinstance(begins, (int, float)):
        return MAX_USE_SECONDS
    return min(MAX_USE_SECONDS, max(MIN_USE_SECONDS, (ends - begins) * SHARE_OF_LIFETIME))


def _claims(token: str) -> dict[str, Any]:
    """Return the claims of the token. They are not verified: the backend does that."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}
