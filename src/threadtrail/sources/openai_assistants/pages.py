"""Recognises a page of one of this API's lists, and returns the call for the next page."""

from __future__ import annotations

from typing import Any

from threadtrail.sources.json_values import items
from threadtrail.sources.openai_assistants.methods import RESOURCES, SOURCE_NAME
from threadtrail.sources.source import NextPage, operation_of

LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    # The ``object`` of a page's items says what they are: a page of files looks like one of assistants.
    "assistant": ("assistants", ()),
    "thread.message": ("threads.messages", ("thread_id",)),
    "thread.run": ("threads.runs", ("thread_id",)),
    "thread.run.step": ("threads.runs.steps", ("thread_id", "run_id")),
}
OPERATIONS = {
    resource.path: operation_of(SOURCE_NAME, resource, method)
    for resource in RESOURCES
    for method in resource.methods
    if method.name == "list"
}


def next_page(page: Any) -> NextPage | None:
    """Return the call for the page after this one, or ``None`` if the list is not one of this API."""
    objects = items(getattr(page, "data", None))
    first = next(iter(objects), None)
    kind = getattr(first, "object", None)
    path, names = LISTS.get(kind, (None, ())) if isinstance(kind, str) else (None, ())
    if path is None:
        return None
    ids = {name: value for name in names if isinstance(value := getattr(first, name, None), str)}
    # What the app asked for is sent again with each page (openai 1.21 to 3.57).
    asked = getattr(getattr(page, "_options", None), "params", None) or {}
    given = {"after": str(getattr(objects[-1], "id", "")), "order": asked.get("order")}
    return NextPage(OPERATIONS[path], ids, given)
