"""The processors: they change an event once, before it goes to all exporters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from threadtrail._guard import guard as default_guard
from threadtrail.delivery.content import drop_content, map_texts, walk
from threadtrail.delivery.texts import (
    BYTES_PER_CHARACTER,
    all_fit,
    described_data_url,
    fits,
    redactor,
    truncator,
)
from threadtrail.events import Event

if TYPE_CHECKING:
    from threadtrail._guard import Guard
    from threadtrail.delivery.plans import Plan

Processor = Callable[[Event], Event | None]
"""Return the event to deliver: the same one, a changed copy, or ``None`` to drop it."""

DEFAULT_MAX_CONTENT_BYTES = 65_536


def build_processors(
    *,
    capture_content: bool = True,
    redact: Callable[[str], str] | None = None,
    max_content_bytes: int = DEFAULT_MAX_CONTENT_BYTES,
    guard: Guard = default_guard,
) -> tuple[Processor, ...]:
    """Return the processors for these settings.

    Without ``capture_content`` all content is removed. With it, inline data over ``max_content_bytes`` is
    left out of each text first; then the whole text is redacted, so that ``redact`` sees everything that it
    looks for; then it is truncated.
    """
    if not capture_content:
        return (partial(walk, change=drop_content),)
    limit = _Limit(max_content_bytes, None if redact is None else redactor(redact, guard))
    return (partial(walk, change=limit),)


def never_changed_bytes(
    *,
    capture_content: bool = True,
    redact: Callable[[str], str] | None = None,
    max_content_bytes: int = DEFAULT_MAX_CONTENT_BYTES,
) -> int:
    """Return the size (by ``size_of``) up to which these processors change no event.

    All texts of a usual event together are shorter than the limit of a single text.
    """
    return max_content_bytes // BYTES_PER_CHARACTER if capture_content and redact is None else 0


class _Limit:
    """Redact and truncate the content of one object."""

    def __init__(self, max_bytes: int, redact: Callable[[str], str] | None) -> None:
        self._max_bytes = max_bytes
        self._redact = redact
        self._truncate = truncator(max_bytes)

    def __call__(self, value: object, plan: Plan) -> dict[str, Any] | None:
        changes: dict[str, Any] | None = None
        for name in plan.content:
            old = getattr(value, name)
            if not old or (self._redact is None and all_fit(old, self._max_bytes)):
                continue
            described = self._left_out(old) if plan.describes_data else None
            if described is not None:
                media_type, size = described
                changes = changes or {}
                changes |= {
                    name: plan.default(name),
                    "media_type": self._text(media_type),
                    "size_bytes": size,
                }
                continue
            new = map_texts(old, self._text)
            if new is not old:
                changes = changes or {}
                changes[name] = new
        return changes

    def _text(self, text: str) -> str:
        if self._redact is None and fits(text, self._max_bytes):
            return text
        described = self._left_out(text)
        if described is not None:
            text = f"<{described[0]}, {described[1]} bytes>"
        if self._redact is not None:
            text = self._redact(text)
        return self._truncate(text)

    def _left_out(self, value: Any) -> tuple[str, int] | None:
        """Return media type and size of a data URL over the limit; None for any other value."""
        if not isinstance(value, str) or fits(value, self._max_bytes):
            return None
        return described_data_url(value)
