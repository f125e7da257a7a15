"""Checks variables that Langfuse's SDK reads when a client is made: then it is too late to report them."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.config.problems import Problems

Number = TypeVar("Number", int, float)

BATCH = 512
"""The default number of observations that are sent at once."""

COUNT = "a whole number, 1 or more"

QUEUE_SIZE = "OTEL_BSP_MAX_QUEUE_SIZE"
BATCH_SIZE = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
DELAY = "OTEL_BSP_SCHEDULE_DELAY"
"""The variable of the delay, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers of the environment, or their defaults. ``queue_size`` is that of the SDK's queue."""

    sample_rate: float = 1.0
    timeout: int = 5
    flush_at: int = BATCH
    flush_interval: float = 5.0
    media_upload_thread_count: int = 1
    queue_size: int = 2048


def variable(name: str) -> str | None:
    """Return the variable's value; ``None`` if it is empty or not set."""
    return os.environ.get(name, "").strip() or None


DEFAULTS = Numbers()


def read_numbers(problems: Problems) -> Numbers:
    """Return the numbers of the environment; add what is wrong with them to ``problems``."""
    found = _Found(problems)
    queue_size = found.of_opentelemetry(QUEUE_SIZE, DEFAULTS.queue_size)
    batch = found.of_opentelemetry(BATCH_SIZE, BATCH)
    delay = found.of_opentelemetry(DELAY, round(DEFAULTS.flush_interval * 1_000)) / 1_000
    seconds = "a whole number of seconds, 1 or more"
    numbers = Numbers(
        sample_rate=found.number("LANGFUSE_SAMPLE_RATE", float, 1.0, "a number from 0 to 1", _is_share),
        timeout=found.number("LANGFUSE_TIMEOUT", int, DEFAULTS.timeout, seconds, _is_positive),
        flush_at=found.number("LANGFUSE_FLUSH_AT", int, batch, COUNT, _is_positive),
        flush_interval=found.number(
            "LANGFUSE_FLUSH_INTERVAL", float, delay, "a number of seconds above 0", _is_duration
        ),
        media_upload_thread_count=max(
            1, found.number("LANGFUSE_MEDIA_UPLOAD_THREAD_COUNT", int, 1, "a whole number", _is_any)
        ),
        queue_size=queue_size,
    )
    if not problems and numbers.flush_at > queue_size:
        problems.add(
            f"{QUEUE_SIZE}={queue_size} (environment variable) is less than the {numbers.flush_at} "
            f"observations that are sent at once. Unset it, or set LANGFUSE_FLUSH_AT or {BATCH_SIZE} to at "
            f"most {queue_size}."
        )
    return numbers


class _Found:
    """Reads variables, and notes what is wrong with them."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def number(
        self,
        name: str,
        kind: Callable[[str], Number],
        default: Number,
        allowed: str,
        is_allowed: Callable[[Number], bool],
    ) -> Number:
        """Return the variable's value; the default if it is not set or not valid."""
        text = variable(name)
        if text is None:
            return default
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is not None and is_allowed(value):
            return value
        self._problems.add(f"{name}={text!r} (environment variable) is not valid. Allowed: {allowed}.")
        return default

    def of_opentelemetry(self, name: str, default: int) -> int:
        """Return the same for a variable of OpenTelemetry, whose SDK ignores a text that is not a number."""
        text = variable(name)
        if text is not None and not _is_whole(text):
            return default
        return self.number(name, int, default, COUNT, _is_positive)


def _is_positive(number: int) -> bool:
    return number > 0


def _is_any(_number: int) -> bool:
    return True


def _is_share(number: float) -> bool:
    return 0 <= number <= 1


def _is_duration(seconds: float) -> bool:
    return 0 < seconds < math.inf


def _is_whole(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
