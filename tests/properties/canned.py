"""A client whose requests are answered, within the process, with given bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
from openai import DefaultHttpxClient, OpenAI

from properties.laws import check_readable
from properties.playing import strictly
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.testing import Captured

JSON, EVENTS = "application/json", "text/event-stream"


class Canned:
    """The client, and what it is answered."""

    def __init__(self) -> None:
        self._answers: list[bytes] = []
        self._kind, self._status = JSON, 200
        transport = httpx2.MockTransport(self._answered)
        http = DefaultHttpxClient(transport=transport)
        self.client = OpenAI(
            api_key="sk-local", base_url="http://127.0.0.1/v1", max_retries=0, http_client=http
        )

    def _answered(self, request: httpx2.Request) -> httpx2.Response:
        content = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return httpx2.Response(self._status, content=content, headers={"content-type": self._kind})

    def play(
        self, content: bytes | list[bytes], kind: str, app: Callable[[OpenAI], Any], status: int = 200
    ) -> tuple[list[str], Captured]:
        """Play an app without and with threadtrail; return what it saw, and what was recorded.

        ``content`` answers every request; of several, the first answers the first, and the last all others.

        Raises:
            AssertionError: the app saw something else with it than without.
            BaseExceptionGroup: something of ours raised, and was contained.
        """
        answers = [content] if isinstance(content, bytes) else content
        self._kind, self._status = kind, status
        self._answers = list(answers)
        alone = seen(app, self.client)
        self._answers = list(answers)
        with strictly(), capture(settle_seconds=0.0) as captured:
            together = seen(app, self.client)
            assert captured.events is not None
        assert together == alone
        check_readable(captured.events)
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
