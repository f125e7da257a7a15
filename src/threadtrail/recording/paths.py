"""Reads the ids in the URL of a request from the path that its operation asks for.

A path has the names of ids in braces: ``/threads/{thread_id}/runs``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ID = re.compile(r"\{(\w+)\}")

PLAIN_ID = r"[A-Za-z0-9_.:=~-]+"
"""An id that is the same in a URL as in the arguments, as the ids of OpenAI are."""


def names_in(path: str | None) -> list[str]:
    """Return the names of the ids in a path."""
    return ID.findall(path or "")


def renamed(path: str, names: Mapping[str, str]) -> str:
    """Return the path with other names of its ids, for those that are in ``names``."""
    return ID.sub(lambda found: f"{{{names.get(found[1], found[1])}}}", path)


@cache
def plain_match(path: str | None) -> Callable[[str], re.Match[str] | None]:
    """Return a function that matches a URL which is this path with plain ids, and nothing around it.

    The expression is compiled when it is first needed: an app uses few of the methods that are patched.
    """
    if path is None:
        return lambda _url: None
    pieces = ID.split(path)  # text and names, in turn
    groups = [f"(?P<{name}>{PLAIN_ID})" for name in pieces[1::2]]
    texts = [re.escape(text) for text in pieces[::2]]
    return re.compile(
        "".join(text + group for text, group in zip(texts, [*groups, ""], strict=True))
    ).fullmatch
