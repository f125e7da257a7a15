"""Whether and where message content is sent: on spans, in events, on both, nowhere.

The variable, its four values and the default (nothing) are those of the GenAI conventions' Python
packages. threadtrail's own ``capture_content`` can only reduce it.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.delivery.content import drop_content, walk
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from threadtrail.events import Event

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

logger: logging.Logger = logging.getLogger("threadtrail.opentelemetry")


@dataclass(frozen=True, slots=True)
class Capture:
    """Where content is sent."""

    on_spans: bool = False
    in_events: bool = False

    @property
    def anywhere(self) -> bool:
        """Whether content is sent at all."""
        return self.on_spans or self.in_events


MODES = {
    "NO_CONTENT": Capture(),
    "SPAN_ONLY": Capture(on_spans=True),
    "EVENT_ONLY": Capture(in_events=True),
    "SPAN_AND_EVENT": Capture(on_spans=True, in_events=True),
}
ALLOWED = ", ".join(MODES)


def chosen_capture(option: str | None, *, capture_content: bool) -> Capture:
    """Return where content is sent: the option, else the variable, else nowhere; the stricter setting wins.

    A wrong variable captures nothing and logs a warning, since it may be meant for other packages.

    Raises:
        ConfigurationError: the option is none of the four values.
    """
    if option is not None:
        mode = MODES.get(option.strip().upper())
        if mode is None:
            raise ConfigurationError(f"message_content={option!r}: choose one of {ALLOWED}")
    else:
        mode = _from_environment()
    return mode if capture_content else MODES["NO_CONTENT"]


def _from_environment() -> Capture:
    text = os.environ.get(VARIABLE, "").strip()
    mode = MODES.get(text.upper())
    if text and mode is None:
        former = " That was the switch of older packages." if text.lower() in {"true", "false"} else ""
        logger.warning(
            "%s=%s is not valid, so no message content is captured.%s Allowed: %s.",
            VARIABLE,
            text,
            former,
            ALLOWED,
        )
    return mode or MODES["NO_CONTENT"]


def without_content(event: Event) -> Event:
    """Return the event without the fields marked as content."""
    return walk(event, drop_content)
