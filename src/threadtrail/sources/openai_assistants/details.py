"""Fetches the steps and messages of a run that has ended, for ``fetch_run_details``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from threadtrail.recording.observation import Call, Returned
from threadtrail.sources import json_values
from threadtrail.sources.openai_assistants.pages import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.context import Scope
    from threadtrail.recording.reading import FollowedRun
    from threadtrail.sources.source import Get

HEADERS = {"OpenAI-Beta": "assistants=v2"}
PER_PAGE, PAGES = 100, 10


def fetch_details(run: FollowedRun, client: Any, scope: Scope, get: Get) -> Iterator[Returned]:
    """Yield the run's steps and messages, as if the app had listed them."""
    if run.thread_id is None:
        return
    thread = f"/threads/{run.thread_id}"
    lists: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("threads.runs.steps", f"{thread}/runs/{run.id}/steps", {}),
        ("threads.messages", f"{thread}/messages", {"run_id": run.id}),
    )
    answers = [(path, _pages(get, address, query)) for path, address, query in lists]
    for path, objects in answers:
        ids = {"thread_id": run.thread_id, "run_id": run.id}
        call = Call(OPERATIONS[path], time.time_ns(), ids, client, scope, request={"order": "asc"})
        yield Returned(call, time.time_ns(), objects)


def _pages(get: Get, address: str, query: dict[str, Any]) -> list[Any]:
    objects: list[Any] = []
    params = {"order": "asc", "limit": PER_PAGE, **query}
    for _ in range(PAGES):
        page = get(address, params, HEADERS)
        data = json_values.items(page.get("data"))
        objects += data
        last = json_values.mapping(data[-1] if data else None).get("id")
        if not page.get("has_more") or not isinstance(last, str):
            break
        params["after"] = last
    return objects
