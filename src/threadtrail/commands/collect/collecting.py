"""Sets a collector up, and runs it until it is done or asked to stop."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from threadtrail._text import escaped, is_address, shown_address
from threadtrail.collecting.collector import Collector
from threadtrail.collecting.files import FilesPlace
from threadtrail.collecting.finding import place_for
from threadtrail.collecting.outlet import Outlet
from threadtrail.collecting.serving import StatusServer
from threadtrail.collecting.waiting import Waiting
from threadtrail.commands.destinations import close, destinations, no_metrics
from threadtrail.commands.signals import stopped_by
from threadtrail.commands.terminal import print_lines
from threadtrail.errors import ConfigurationError
from threadtrail.exporters.console_text import counted
from threadtrail.recordings.compression import compressed_by

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from threadtrail.collecting.place import Place
    from threadtrail.commands.destinations import Destination
    from threadtrail.config.settings import Settings

INCOMPLETE = 1


def collect(options: argparse.Namespace) -> int:
    """Collect from the place, and export to the exporters; return the exit code.

    Raises:
        ConfigurationError: the place or an exporter cannot be used.
    """
    place = place_for(options.places, dict(map(_option, options.option)))
    follow = options.follow or not isinstance(place, FilesPlace)
    paths = place.paths() if isinstance(place, FilesPlace) else ()
    _check_files(paths)
    if not (follow or paths):
        given = ", ".join(options.places)
        raise ConfigurationError(f"there is no file {given}; name another, or wait for one with --follow")
    with no_metrics():
        settings, chosen = destinations(options.exporter or (), paths)
        try:
            _check_loop(place, chosen)
            place.open()
        except BaseException:
            close(chosen)
            raise
        if isinstance(place, FilesPlace):
            _say_who_missed_what(place, chosen)
        return _run(place, settings, chosen, options, follow=follow)


def _run(
    place: Place,
    settings: Settings,
    chosen: Sequence[Destination],
    options: argparse.Namespace,
    *,
    follow: bool,
) -> int:
    outlet = Outlet([destination.loaded for destination in chosen], settings, options.timeout)
    waiting = Waiting(options.settle, options.wait)
    collector = Collector(place, outlet, waiting, max_attempts=options.max_attempts)
    port = options.status_port
    places = ", ".join(map(_shown, options.places))
    print_lines([f"collecting from {places} for {', '.join(map(str, chosen))}"])
    sys.stdout.flush()
    closed = False
    try:
        with (
            stopped_by(collector.stop, signal.SIGTERM, signal.SIGINT),
            nullcontext() if port is None else _served(collector, port),
        ):
            collector.run(follow=follow)
    finally:
        closed = outlet.close()
    counts = collector.counts
    print_lines(
        [f"{counted(counts.runs, 'run')} exported, from {counted(counts.read, 'event')} that were read"]
    )
    undelivered = bool(waiting.units) and not collector.is_stopped
    if undelivered:
        print_lines(["not everything was exported; run the same command again to export the rest"])
    elif waiting.units:
        open_runs = waiting.units.open_runs
        left = f"{counted(open_runs, 'run')} without an end; " if open_runs else ""
        print_lines([f"{left}the next collector continues with what is waiting"])
    if counts.given_up:
        print_lines([f"{counted(counts.given_up, 'event')} given up: {collector.gave_up_because}"])
    return INCOMPLETE if undelivered or counts.given_up or not closed else 0


def _say_who_missed_what(place: FilesPlace, chosen: Sequence[Destination]) -> None:
    """Say which exporters do not get what was delivered already, since the state is that of all of them."""
    missed = place.begin_for({destination.name for destination in chosen})
    if missed:
        names, state = " and ".join(missed), escaped(str(place.status()["state"]))
        sys.stderr.write(
            f"threadtrail: {state} notes what other exporters got before, and {names} does not get that. "
            "To export everything there, use a state of its own: --option state=FILE\n"
        )


def _shown(place: str) -> str:
    """Return the name of files, or an address without user name, password and query."""
    return shown_address(place) if is_address(place) else escaped(place)


@contextmanager
def _served(collector: Collector, port: int) -> Iterator[None]:
    server = StatusServer(collector.status, port)
    server.start()
    try:
        yield
    finally:
        server.stop()


def _check_files(paths: Iterable[Path]) -> None:
    """Refuse compressed files: a collector reads files while they grow."""
    for path in paths:
        if program := compressed_by(path):
            problem = f"{str(path)!r} was compressed with {program}"
            raise ConfigurationError(f"{problem}; unpack it, or name the files that are not")


def _check_loop(place: Place, chosen: Sequence[Destination]) -> None:
    """Refuse an exporter that writes to the place that is collected from: the collector would never end."""
    is_at: Callable[[str], bool] = getattr(place, "is_at", lambda _address: False)
    for destination in chosen:
        if is_at(destination.address):
            raise ConfigurationError(
                f"the exporter {destination.name!r} writes to {destination.address!r}, which is collected "
                "from; name another exporter (--exporter), or another place for it"
            )


def _option(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise ConfigurationError(f"--option {text!r}: write NAME=VALUE")
    return name, value
