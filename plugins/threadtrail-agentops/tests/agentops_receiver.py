"""AgentOps on loopback: issues tokens, accepts OTLP only with a valid one, and decodes it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from threadtrail.testing import OtlpReceiver
from threadtrail.testing.http_receiver import Reply

if TYPE_CHECKING:
    from threadtrail.testing.http_receiver import ReceivedRequest

TOKEN_PATH = "/v3/auth/token"
TRACES_PATH = "/v1/traces"
API_KEY = "11111111-2222-3333-4444-555555555555"

Answer = Callable[[], int]
"""Answers one request: may wait; returns the HTTP status."""


class Receiver(OtlpReceiver):
    """A running backend; ``token_answers`` and ``trace_answers`` are used up, one per request.

    ``open_to_all`` stands for another backend, which takes what comes.
    """

    def __init__(self, *, open_to_all: bool = False) -> None:
        super().__init__()
        self.open_to_all = open_to_all
        self.token_answers: list[Answer] = []
        self.trace_answers: list[Answer] = []
        self.lifetime_seconds = 30 * 24 * 3600.0
        self.released = threading.Event()
        self._valid: set[str] = set()

    def __exit__(self, *exc_info: object) -> None:
        self.released.set()
        super().__exit__(*exc_info)

    @property
    def exporter_endpoint(self) -> str:
        return f"{self.url}{TRACES_PATH}"

    @property
    def variables(self) -> dict[str, str]:
        """The native SDK's own variables, as a user of this backend would set them."""
        return {
            "AGENTOPS_API_KEY": API_KEY,
            "AGENTOPS_API_ENDPOINT": self.url,
            "AGENTOPS_EXPORTER_ENDPOINT": self.exporter_endpoint,
        }

    def hang(self) -> int:
        """Answer when the test is over, or releases it."""
        self.released.wait(60)
        return 503

    def revoke(self) -> None:
        """Make all tokens that were issued invalid."""
        self._valid.clear()

    def reply(self, request: ReceivedRequest) -> Reply:
        status, answer = self._answer(request)
        content_type = {"content-type": "application/json"}
        return Reply(status=status, body=json.dumps(answer).encode(), headers=content_type)

    def _answer(self, request: ReceivedRequest) -> tuple[int, dict[str, Any]]:
        if request.path == TOKEN_PATH:
            status = self.token_answers.pop(0)() if self.token_answers else 200
            known = json.loads(request.body) == {"api_key": API_KEY}
            if status != 200 or not known:
                return (status if status != 200 else 401), {"error": "no"}
            return 200, {"token": self._give_token(), "project_id": "p", "project_prem_status": "pro"}
        if self.open_to_all:
            return 200, {}
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._valid:
            return 401, {}
        return (self.trace_answers.pop(0)() if self.trace_answers else 200), {}

    def _give_token(self) -> str:
        now = time.time()
        claims = {"iat": now, "exp": now + self.lifetime_seconds, "n": len(self.requests)}
        token = ".".join(_part(each) for each in ({"alg": "none"}, claims, {}))
        self._valid.add(token)
        return token


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
