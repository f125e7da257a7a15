"""The page's data as text for its script elements: a small index, and details in compressed chunks."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from threadtrail.commands.view.rows import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.commands.view.contents import PageData
    from threadtrail.commands.view.values import Object

CHUNK_BYTES = 256 * 1024
"""The size of a chunk before it is compressed: opening a run reads one of them."""

LEVEL = 6


def index(data: PageData, places: list[int]) -> str:
    """Return what the page needs to begin with, as JSON that may stand in a script element.

    Args:
        data: the page's data.
        places: the chunk of each row's detail.
    """
    return script_json(
        {
            "title": data.title,
            "problems": list(data.problems),
            "costs": data.costs,
            "fields": FIELDS,
            "rows": [shown.row for shown in data.shown],
            "places": places,
        }
    )


def chunks(data: PageData) -> tuple[list[str], list[int]]:
    """Return the chunks as base64, and for each row the number of the chunk that has its detail."""
    packed: list[str] = []
    places: list[int] = []
    for details in _portions(shown.detail for shown in data.shown):
        places += [len(packed)] * len(details)
        packed.append(_pack(details))
    return packed, places


def script_json(value: Any) -> str:
    """Return JSON in which nothing can end the script element around it or begin a comment."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _portions(details: Iterable[Object]) -> Iterator[list[str]]:
    """Yield details as JSON, as many together as make a chunk."""
    portion: list[str] = []
    size = 0
    for detail in details:
        portion.append(json.dumps(detail, separators=(",", ":")))
        size += len(portion[-1])
        if size >= CHUNK_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _pack(details: list[str]) -> str:
    text = f"[{','.join(details)}]"
    return base64.b64encode(zlib.compress(text.encode("ascii"), LEVEL)).decode("ascii")
