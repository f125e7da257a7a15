"""Change one text of an event's content: leave data URLs out, redact, truncate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from threadtrail._frozen import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail._guard import Guard

REDACTION_FAILED = "[redacted: redact() failed]"
_BYTES_PER_CHARACTER = 4  # at most, in UTF-8
_DEFAULT_MEDIA_TYPE = "text/plain"  # of a data URL that names none (RFC 2397)


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
    """Whether ``text`` takes at most ``limit`` bytes in UTF-8. The length decides for most texts."""
    length = len(text)
    if length * _BYTES_PER_CHARACTER <= limit:
        return True
    return length <= limit and (text.isascii() or len(text.encode(errors="replace")) <= limit)


def all_fit(value: Any, limit: int) -> bool:
    """Whether every string in a JSON value fits. This is the usual case, and it builds nothing."""
    if isinstance(value, str):
        return len(value) * _BYTES_PER_CHARACTER <= limit or fits(value, limit)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return True
    for item in value:  # noqa: SIM110 - half as fast with all() and a generator
        if not all_fit(item, limit):
            return False
    return True


def redactor(redact: Callable[[str], str], guard: Guard) -> Callable[[str], str]:
    """Wrap ``redact`` so that it fails closed: if it raises or returns no text, the text is left out."""

    def redact_safely(text: str) -> str:
        if not text:
            return text
        redacted, error = guard.catch(redact, text)
        if error is None and isinstance(redacted, str):
            return text if redacted == text else clean_text(redacted)
        problem = error or TypeError(f"redact() returned {type(redacted).__name__}, not str")
        guard.report("redact()", "failed; the text is left out", error=problem)
        return REDACTION_FAILED

    return redact_safely


def described_data_url(text: str) -> tuple[str, int] | None:
    """Return media type and size in bytes of the data in a data URL; None for any other text."""
    head, comma, payload = text.partition(",")
    if not comma or head[:5].lower() != "data:":
        return None
    media_type, *parameters = head[5:].split(";")
    if parameters and parameters[-1].strip().lower() == "base64":
        size = len(payload) * 3 // 4 - payload[-2:].count("=")
    else:
        size = len(unquote_to_bytes(payload))
    return clean_media_type(media_type), size


def clean_media_type(media_type: str) -> str:
    """Return the media type, or the default if there is none or it is too long to be one."""
    stripped = media_type.strip()
    return stripped if 0 < len(stripped) <= 100 else _DEFAULT_MEDIA_TYPE  # noqa: PLR2004 - any real one is shorter
