"""Asks AgentOps for a token, as each delivery begins, and whether it would take spans with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from opentelemetry.instrumentation.utils import suppress_instrumentation
from requests import RequestException

from threadtrail.checks import no_answer, shown_address
from threadtrail.errors import CheckError
from threadtrail.otlp.checking import redirect_error
from threadtrail_agentops.session import TokenSession
from threadtrail_agentops.tokens import NoTokenError, Tokens

if TYPE_CHECKING:
    from threadtrail_agentops.options import Target

REFUSED = frozenset({400, 401, 403})
SHORTEST_SECONDS = 0.1
PROTOBUF = {"content-type": "application/x-protobuf"}

SPANS_SETTING = "AGENTOPS_EXPORTER_ENDPOINT, its path included (.../v1/traces)."
SPANS_ADDRESS = "See whether AGENTOPS_EXPORTER_ENDPOINT is right, its path included: .../v1/traces."
KEY = "Copy the key of your project from https://app.agentops.ai/settings/projects into AGENTOPS_API_KEY."


def ask(target: Target, timeout: float) -> str:
    """Return a sentence that names AgentOps' two addresses, both asked within ``timeout`` seconds.

    Raises:
        CheckError: nobody answers at one of them, or what was sent there is not taken.
    """
    deadline = time.monotonic() + timeout
    with TokenSession(target.api_key, target.token_url) as session, suppress_instrumentation():
        session.tokens = _tokens(session, target, timeout)
        _send_nothing(session, target, timeout, max(SHORTEST_SECONDS, deadline - time.monotonic()))
    tokens, spans = shown_address(target.token_url), shown_address(target.exporter_endpoint)
    return f"AgentOps takes the API key ({tokens}) and spans ({spans})."


def _tokens(session: TokenSession, target: Target, timeout: float) -> Tokens:
    """Exchange the key for a token, once; raises CheckError."""
    address = shown_address(target.token_url)
    try:
        answer = session.ask_for_token(timeout)
    except RequestException as error:
        raise no_answer(address, error, timeout) from error
    if answer.status_code in REFUSED:
        raise CheckError(f"AgentOps at {address} does not take the API key (HTTP {answer.status_code}).", KEY)
    tokens = Tokens(lambda _timeout: answer)
    try:
        tokens.get(timeout)
    except NoTokenError as error:
        raise CheckError(
            f"{address} answers, but gives no token (HTTP {answer.status_code}).",
            "See whether AGENTOPS_API_ENDPOINT is right; if it is, AgentOps is not in order.",
        ) from error
    return tokens


def _send_nothing(session: TokenSession, target: Target, timeout: float, left: float) -> None:
    """Send a request without spans, which stores nothing; raises CheckError.

    ``left`` is what is left of the ``timeout``.
    """
    address = shown_address(target.exporter_endpoint)
    try:
        session.request("POST", target.exporter_endpoint, data=b"", headers=PROTOBUF, timeout=left)
    except RequestException as error:
        if session.answer is None:
            raise no_answer(address, error, timeout) from error
        raise redirect_error(address, session.answer, backend="AgentOps", setting=SPANS_SETTING) from error
    if session.answer is None or session.answer.accepted:
        return
    status = session.answer.status
    if status in REFUSED:
        raise CheckError(
            f"{address} does not take the token that {shown_address(target.token_url)} gives "
            f"(HTTP {status}).",
            "See whether AGENTOPS_API_ENDPOINT and AGENTOPS_EXPORTER_ENDPOINT belong together.",
        )
    raise CheckError(f"{address} answers, but takes no spans (HTTP {status}).", SPANS_ADDRESS)
