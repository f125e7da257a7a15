"""Asks AgentOps for a token, as each delivery does first, and whether it accepts spans with it."""

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

SPANS_SETTING = "AGENTOPS_EXPORTER_ENDPOINT, including its path (.../v1/traces)."
SPANS_ADDRESS = "Check AGENTOPS_EXPORTER_ENDPOINT, including its path (.../v1/traces)."
KEY = "Copy the key of your project from https://app.agentops.ai/settings/projects into AGENTOPS_API_KEY."


def ask(target: Target, timeout: float) -> str:
    """Ask both addresses of AgentOps within ``timeout`` seconds; return a sentence that names them.

    Raises:
        CheckError: one of them does not answer, or does not accept the request.
    """
    deadline = time.monotonic() + timeout
    with TokenSession(target.api_key, target.token_url) as session, suppress_instrumentation():
        session.tokens = _tokens(session, target, timeout)
        _send_nothing(session, target, timeout, max(SHORTEST_SECONDS, deadline - time.monotonic()))
    tokens, spans = shown_address(target.token_url), shown_address(target.exporter_endpoint)
    return f"AgentOps accepts the API key ({tokens}) and spans ({spans})."


def _tokens(session: TokenSession, target: Target, timeout: float) -> Tokens:
    """Exchange the key for a token, once; raise CheckError if that fails."""
    address = shown_address(target.token_url)
    try:
        answer = session.ask_for_token(timeout)
    except RequestException as error:
        raise no_answer(address, error, timeout) from error
    if answer.status_code in REFUSED:
        raise CheckError(f"AgentOps at {address} rejects the API key (HTTP {answer.status_code}).", KEY)
    tokens = Tokens(lambda _timeout: answer)
    try:
        tokens.get(timeout)
    except NoTokenError as error:
        raise CheckError(
            f"{address} answers, but without a token (HTTP {answer.status_code}).",
            "Check AGENTOPS_API_ENDPOINT; if it is right, AgentOps has a problem.",
        ) from error
    return tokens


def _send_nothing(session: TokenSession, target: Target, timeout: float, left: float) -> None:
    """Send a request without spans, which stores nothing; raise CheckError if it is not accepted.

    ``left`` is the rest of the ``timeout``, in seconds.
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
            f"{address} rejects the token from {shown_address(target.token_url)} (HTTP {status}).",
            "Check that AGENTOPS_API_ENDPOINT and AGENTOPS_EXPORTER_ENDPOINT belong together.",
        )
    raise CheckError(f"{address} answers, but does not accept spans (HTTP {status}).", SPANS_ADDRESS)
