"""Change one text of an event's content: leave data URLs out, redact, truncate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from threadtrail._frozen import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail._guard import Guard

REDACTION_FAILED = "[redacted: redact() failed]"
BYTES_PER_CHARACTER = 4
"""The maximum number of bytes of a character in UTF-8."""

_DEFAULT_MEDIA_TYPE = "text/plain"  # of a data URL that names none (RFC 2397)

# The beginning of a data URL (RFC 2397): data:[type/subtype][;name=value]...[;base64],
_NAME = r"[a-z0-9!#$&^_.+-]{1,127}"
_DATA_URL = re.compile(
    rf"data:(?P<media_type>{_NAME}/{_NAME})?(?:;{_NAME}=(?:\"[^\"]*\"|[^\s;,\"]*))*(?P<base64>;base64)?,",
    re.IGNORECASE | re.ASCII,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/=_%\r\n-]*")
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9;/?:@&=+$,\-_.!~*'()%#]*")


def truncator(limit: int) -> Callable[[str], str]:
    """Return a function that truncates a text to ``limit`` bytes of UTF-8 and marks it as truncated."""

    def truncate(text: str) -> str:
        if fits(text, limit):
            return text
        encoded = text.encode(errors="replace")
        # An incomplete character at the end is left out.
        return f"{encoded[:limit].decode(errors='ignore')}… [truncated, {len(encoded)} bytes]"

    return truncate


def fits(text: str, limit: int) -> bool:
    """Return whether ``text`` takes at most ``limit`` bytes in UTF-8. The length decides for most texts."""
    length = len(text)
    if length * BYTES_PER_CHARACTER <= limit:
        return True
    return length <= limit and (text.isascii() or len(text.encode(errors="replace")) <= limit)


def all_fit(value: Any, limit: int) -> bool:
    """Return whether every string in a JSON value fits, keys included, without building anything."""
    if isinstance(value, str):
        return len(value) * BYTES_PER_CHARACTER <= limit or fits(value, limit)
    if isinstance(value, dict):
        if not all_fit(tuple(value), limit):
            return False
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return True
    for item in value:  # noqa: SIM110 - half as fast with all() and a generator
        if not all_fit(item, limit):
            return False
    return True


def redactor(redact: Callable[[str], str], guard: Guard) -> Callable[[str], str]:
    """Wrap ``redact`` so that it fails closed: if it raises or returns no text, the text is left out.

    The message of its exception may quote the text, so only the class is logged.
    """

    def redact_safely(text: str) -> str:
        if not text:
            return text
        redacted, error = guard.catch(redact, text)
        if error is None and isinstance(redacted, str):
            return text if redacted == text else clean_text(redacted)
        returned = f"returned {type(redacted).__name__}, not str"
        what = returned if error is None else f"raised {type(error).__name__}"
        guard.report("redact()", f"{what}; the text is left out")
        return REDACTION_FAILED

    return redact_safely


def described_data_url(text: str) -> tuple[str, int] | None:
    """Return media type and size in bytes of the data in a data URL; None for any other text."""
    found = _DATA_URL.match(text)
    if found is None:
        return None
    is_base64 = found["base64"] is not None
    if not (_BASE64 if is_base64 else _URL_CHARACTERS).fullmatch(text, found.end()):
        return None
    payload = unquote_to_bytes(text[found.end() :])
    size = _decoded_size(payload) if is_base64 else len(payload)
    return found["media_type"] or _DEFAULT_MEDIA_TYPE, size


def _decoded_size(base64: bytes) -> int:
    line_ends = base64.count(b"\r") + base64.count(b"\n")
    return (len(base64) - line_ends) * 3 // 4 - base64.rstrip()[-2:].count(b"=")
