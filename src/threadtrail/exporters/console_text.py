"""Format values and foreign text for a terminal: short, and without control characters."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

from threadtrail._text import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

LINE_END = "↵"
TAB = 4
MILLISECOND = 1_000_000
SECOND = 1_000_000_000

TABLE_FOR_ASCII = str.maketrans(
    {
        "✓": "+", "✗": "x", "○": "o", "◆": "*", "→": "->", "·": "-", "…": "...", LINE_END: "\\n",
        "├": "|", "└": "`", "│": "|", "─": "-",
    }
)  # fmt: skip


def visible(text: str) -> str:
    """Return the text on one line, with control characters replaced by readable escapes."""
    lines = [line.strip() for line in text.strip().split("\n")]
    return escaped(f" {LINE_END} ".join(line for line in lines if line).replace("\t", " "))


def visible_lines(text: str) -> str:
    """Return the text like ``visible``, but keep its lines and their indentation: for code."""
    lines = text.replace("\r\n", "\n").expandtabs(TAB).rstrip().split("\n")
    return "\n".join(escaped(line.rstrip()) for line in lines).lstrip("\n")


def shortened(text: str, length: int, show: Callable[[str], str] = visible) -> str:
    """Return the visible text, cut after ``length`` characters, with the number of those left out."""
    left_out = len(text) - length
    # Do not replace a few characters by a longer note.
    if left_out <= len(f"… (+{left_out:,} characters)"):
        return show(text)
    while length > 1 and (unicodedata.combining(text[length]) or text[length] in "\u200d\ufe0f"):
        length -= 1  # keep a letter and its accent together
    return f"{show(text[:length])}… (+{len(text) - length:,} characters)"


def compact_json(value: Any) -> str:
    """Return a JSON value on one line; a string without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def taken(start: int, end: int) -> str:
    """Return how long something took; ``<1s`` if both times are equal, since some are whole seconds."""
    return duration(end - start) if end > start else "<1s"


def duration(nanoseconds: int) -> str:
    """Return a time span in a short form: ``12ms``, ``2.1s``, ``3m05s``, ``1h02m``.

    The page of ``view`` writes it likewise, in ``format.js``.
    """
    if 0 < nanoseconds < MILLISECOND:
        return "<1ms"
    milliseconds = _rounded(nanoseconds, MILLISECOND)
    if 0 < milliseconds < 100:  # noqa: PLR2004 - from here on in tenths of a second
        return f"{milliseconds}ms"
    tenths = _rounded(nanoseconds, SECOND // 10)
    if tenths < 600:  # noqa: PLR2004 - tenths of a minute
        return f"{tenths // 10}.{tenths % 10}s"
    minutes, seconds = divmod(_rounded(nanoseconds, SECOND), 60)
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes}m{seconds:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


def _rounded(nanoseconds: int, unit: int) -> int:
    """Return how many units that is; a half is rounded up, as JavaScript does."""
    return (nanoseconds + unit // 2) // unit


def counted(number: int, noun: str) -> str:
    """Return ``1 poll`` or ``5 polls``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def encodable(text: str, encoding: str | None) -> str:
    """Return the text in characters that the encoding has; other symbols are replaced by ASCII."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(TABLE_FOR_ASCII)
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text
