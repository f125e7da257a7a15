"""The exporters that a command sends to: loaded, started, and closed if one of them cannot start."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail._guard import guard
from threadtrail._own_work import own_work
from threadtrail.config import registry
from threadtrail.config.registry import LoadedExporter
from threadtrail.config.settings import Settings, read_settings
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


ORIGIN = "--exporter"
METRICS = "OTEL_METRICS_EXPORTER"


@dataclass(frozen=True, slots=True)
class Destination:
    """An exporter that has started, and where it sends to."""

    loaded: LoadedExporter
    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


@contextmanager
def no_metrics() -> Iterator[None]:
    """Switch OpenTelemetry's metrics off, unless the user chose an exporter for them.

    Metrics have no time of their own, so the runs of a recording would be counted as today's.
    """
    chosen = os.environ.get(METRICS)
    os.environ[METRICS] = chosen or "none"
    try:
        yield
    finally:
        os.environ.pop(METRICS)
        if chosen is not None:
            os.environ[METRICS] = chosen


def destinations(
    exporters: Sequence[str], recordings: Sequence[Path]
) -> tuple[Settings, tuple[Destination, ...]]:
    """Start the exporters with their options from the environment and the configuration file.

    Return the settings and the exporters that were started. Without names, the configured exporters are
    started.

    Raises:
        ConfigurationError: an exporter is not installed, cannot be started, or writes into a recording.
    """
    given = {"exporters": list(dict.fromkeys(exporters))} if exporters else {}
    reading = read_settings(given, origin=ORIGIN)
    reading.problems.raise_if_any()
    settings = reading.settings
    if settings.disabled:
        origin = reading.origins.get("disabled", "disabled")
        raise ConfigurationError(f"threadtrail is switched off ({origin}); to send runs, remove that setting")
    started: list[Destination] = []
    with own_work():
        loaded = registry.load(settings)
        try:
            for item in loaded:
                reason = item.start(settings)
                started.append(Destination(item, item.name, item.destination()))
                _check(started[-1], reason, recordings)
        except BaseException:
            close(started)
            raise
    return settings, tuple(started)


def close(started: Sequence[Destination]) -> None:
    """Shut down exporters that were started and given no events."""
    for destination in started:
        shutdown = destination.loaded.hooks.shutdown
        if shutdown is not None:
            guard.call(f"closing exporter {destination.name!r}", shutdown, timeout=0.0)


def _check(destination: Destination, switched_off: str | None, recordings: Sequence[Path]) -> None:
    name, address = destination.name, destination.address
    if switched_off is not None:
        raise ConfigurationError(f"the exporter {name!r} is switched off: {switched_off}")
    if any(_is_same(path, Path(address)) for path in recordings):
        raise ConfigurationError(f"the exporter {name!r} would write into the recording itself, {address!r}")


def _is_same(one: Path, other: Path) -> bool:
    """Return whether both paths lead to the same file."""
    try:
        return one.samefile(other)
    except OSError:  # the other does not exist, or is not a path at all
        return False
