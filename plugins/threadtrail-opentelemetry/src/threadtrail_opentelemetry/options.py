"""The exporter's options, their values and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal, get_args

from threadtrail.errors import ConfigurationError

UsageOn = Literal["steps", "run", "both"]
"""Which spans carry tokens: ``chat`` alone, an assistant's ``invoke_agent`` alone, or both."""

ContentFormat = Literal["json", "structured"]
"""The format of messages, arguments and results on spans: JSON text, or OTLP lists and maps."""

Profile = Literal["core-1.41", "genai-2026-10"]
"""The metric names for tokens: those that backends read today, or the new counters."""

BackgroundSpans = Literal["run", "conventions"]
"""The spans of a background response: one ``chat``, or the draft's ``chat`` and ``fetch_response``."""

FromElsewhere = Literal["link", "child"]
"""How a run of another process refers to the span that created it: as its child, or by a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options for the shape of spans and metrics; see ``OpenTelemetryExporter``."""

    usage: UsageOn = "steps"
    content_format: ContentFormat = "json"
    profile: Profile = "core-1.41"
    runs_from_elsewhere: FromElsewhere = "child"
    thread_spans: bool = False
    background_spans: BackgroundSpans = "run"

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            _check(name, getattr(self, name), get_args(kind))
        if self.content_format == "structured":
            _check_structures(version("opentelemetry-api"))


STRUCTURES_SINCE = (1, 45)
"""The first release of OpenTelemetry for Python whose spans keep attributes that are lists of maps."""

_CHOICES: dict[str, Any] = {
    "usage": UsageOn,
    "content_format": ContentFormat,
    "profile": Profile,
    "runs_from_elsewhere": FromElsewhere,
    "background_spans": BackgroundSpans,
}


def _check(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigurationError(f"{name}={value!r}: choose one of {', '.join(allowed)}")


def _check_structures(installed: str) -> None:
    if tuple(map(int, installed.split(".")[:2])) < STRUCTURES_SINCE:
        wanted = ".".join(map(str, STRUCTURES_SINCE))
        raise ConfigurationError(
            f"content_format='structured' needs opentelemetry-api {wanted} or newer, and {installed} is "
            f"installed. Upgrade opentelemetry-api and -sdk, or leave content_format at 'json'"
        )
