"""A client whose every request is answered, within the process, with the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
from openai import DefaultHttpxClient, OpenAI

from properties.playing import strictly
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.testing import Captured

JSON, EVENTS = "application/json", "text/event-stream"


class Canned:
    """The client, and what it is answered."""

    def __init__(self) -> None:
        self._answer = b"", JSON
        transport = httpx2.MockTransport(self._answered)
        http = DefaultHttpxClient(transport=transport)
        self.client = OpenAI(
            api_key="sk-local", base_url="http://127.0.0.1/v1", max_retries=0, http_client=http
        )

    def _answered(self, request: httpx2.Request) -> httpx2.Response:
        content, kind = self._answer
        return httpx2.Response(200, content=content, headers={"content-type": kind})

    def play(self, content: bytes, kind: str, app: Callable[[OpenAI], Any]) -> tuple[list[str], Captured]:
        """Play an app without and with threadtrail; return what it saw, and what was recorded.

        Raises:
            AssertionError: the app saw something else with it than without.
            BaseExceptionGroup: something of ours raised, and was contained.
        """
        self._answer = content, kind
        alone = seen(app, self.client)
        with strictly(), capture(settle_seconds=0.0) as captured:
            together = seen(app, self.client)
            assert captured.events is not None
        assert together == alone
        return together, captured


def seen(app: Callable[[OpenAI], Any], client: OpenAI) -> list[str]:
    """Return what an app sees: each value that it gets, and the error that ends it."""
    values: list[str] = []
    try:
        for value in app(client):
            values.append(repr(value))  # noqa: PERF401 - those before an error count
    except Exception as error:  # noqa: BLE001 - whatever an app would see
        values.append(f"{type(error).__name__}: {error}")
    return values
