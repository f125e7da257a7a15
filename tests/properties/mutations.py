"""Bodies and streams that no server sends: right ones with something wrong somewhere."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Path = tuple[Any, ...]

TEXTS = st.sampled_from(["", "x", "in_progress", "completed", "message", "\ud800", "\0", "é" * 300, "1e999"])
NUMBERS = st.sampled_from([0, -1, 1.5, 2**70, 10**400, 1e308, float("nan")])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
UNKNOWN = [
    f'event: {name}\ndata: {{"type": "{name}", "object": "{kind}", "id": "{kind}_1", "delta": [1]}}\n'
    for name, kind in [
        ("response.hologram.delta", "response"),
        ("response.dreamt", "response"),
        ("thread.run.dreamt", "thread.run"),
        ("thread.run.step.dreamt", "thread.run.step"),
        ("thread.hologram.delta", "hologram"),
    ]
]
NOISE = st.sampled_from(
    ["data: {", "data: null", "data: []", ": ping", "event: x", "event: error", "data:", *UNKNOWN]
)
"""Lines that say nothing, and events of a later API."""

DEEP = "[" * 60 + "]" * 60


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place within a body."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def mutated(draw: Callable[[Any], Any], body: Any, allowed: Callable[[Path], bool]) -> tuple[Any, list[Path]]:
    """Change a body in one to four of the allowed places; return it, and those places."""
    body, touched = copy.deepcopy(body), []
    for _ in range(draw(st.integers(1, 4))):
        possible = [place for place in places(body) if allowed(place)]
        if not possible:
            break
        *path, last = place = draw(st.sampled_from(possible))
        touched.append(place)
        parent = body
        for key in path:
            parent = parent[key]
        how = draw(st.sampled_from(["replace", "replace", "remove", "twice", "more", "deep"]))
        if how == "remove":
            del parent[last]
        elif how == "twice" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif how == "more" and isinstance(parent, dict):
            parent["hologram"] = draw(JSON)
        else:
            parent[last] = json.loads(DEEP) if how == "deep" else draw(JSON)
    return body, touched


@st.composite
def torn(draw: Callable[[Any], Any], text: str) -> bytes:
    """Change a stream of events: lines lost, doubled, swapped, cut or turned into something else."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["lose", "double", "swap", "cut", "noise", "body", "end"]))
        if how == "lose":
            del lines[at]
        elif how == "double":
            lines.insert(at, lines[at])
        elif how == "swap":
            lines[at], lines[-1 - at] = lines[-1 - at], lines[at]
        elif how == "cut":
            lines[at] = lines[at][: len(lines[at]) // 2]
        elif how == "noise":
            lines[at] = draw(NOISE)
        elif how == "body" and lines[at].startswith("data: {") and lines[at].endswith("}"):
            event, _ = draw(mutated(json.loads(lines[at][6:]), lambda _: True))
            lines[at] = f"data: {json.dumps(event)}"
        elif how == "end":
            del lines[at + 1 :]
        lines = lines or [""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")
