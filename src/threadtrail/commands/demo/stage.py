"""Plays walk-throughs with a local server, a client and threadtrail around them."""

from __future__ import annotations

import inspect
import sys
import warnings
from typing import TYPE_CHECKING, Any

from openai import DefaultHttpxClient, OpenAI
from rich.console import Console
from rich.text import Text

import threadtrail
from threadtrail.commands.demo import math_tutor, overview, responses, scripts
from threadtrail.instrumentation.versions import is_newer
from threadtrail.testing.server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PARTS: dict[str, tuple[Callable[[OpenAI], None], ...]] = {
    "responses": responses.PARTS,
    "math-tutor": math_tutor.PARTS,
    "overview": overview.PARTS,
}
TITLES = {"responses": "Responses", "math-tutor": "Math Tutor", "overview": "Assistants overview"}

POLL_AFTER_MS = 60
FLUSH_SECONDS = 10.0


def play(walk_throughs: Iterable[str], exporters: Sequence[str], *, color: bool) -> int:
    """Play the walk-throughs, export their events, and return the exit code.

    Raises:
        ConfigurationError: an exporter is not installed, or one of its options is wrong.
        MissingExtraError: the packages of the local server are not installed.
    """
    screen = Console(highlight=False, markup=False, color_system="auto" if color else None)
    settings = {name: _options(name, color=color) for name in exporters}
    with (
        OpenAIServer(scripts.choose, poll_after_ms=POLL_AFTER_MS) as server,
        threadtrail.instrument(exporters=settings),
        _client(server.base_url) as client,
        warnings.catch_warnings(),
    ):
        # The SDK warns at each call that the Assistants API is deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in walk_throughs:
            for part in PARTS[name]:
                _play_part(TITLES[name], part, client, screen)
        return _report(screen, delivered=threadtrail.flush(FLUSH_SECONDS))


def _client(base_url: str) -> OpenAI:
    # A proxy that the environment names cannot reach a server on this computer.
    return OpenAI(base_url=base_url, api_key="sk-local", http_client=DefaultHttpxClient(trust_env=False))


def _options(exporter: str, *, color: bool) -> dict[str, Any]:
    return {"color": "never"} if exporter == "console" and not color else {}


def _play_part(title: str, part: Callable[[OpenAI], None], client: OpenAI, screen: Console) -> None:
    headline = (inspect.getdoc(part) or part.__name__).partition("\n")[0].rstrip(".")
    screen.print()
    since = responses.SINCE.get(part)
    if is_newer(since):
        screen.print(f"Left out, since it needs openai {since} or newer: {title}: {headline}", soft_wrap=True)
        return
    screen.rule(Text(f"{title}: {headline}", "bold"), align="left", style="cyan")
    part(client)
    screen.print()
    # What the program printed comes before what the exporter prints about it.
    sys.stdout.flush()
    threadtrail.flush(FLUSH_SECONDS)


def _report(screen: Console, *, delivered: bool) -> int:
    """Print how many events were delivered, and how to record a program of your own."""
    status = threadtrail.status()
    if not status.active:
        screen.print("\nTHREADTRAIL_DISABLED is set, so nothing was recorded.")
        return 0
    screen.print()
    lost = 0
    for name, lane in status.exporters.items():
        lost += lane.lost
        why = lane.last_error if lane.switched_off is None else f"switched off: {lane.switched_off}"
        trouble = f", {lane.failed} failed, {lane.dropped} dropped: {why}" if lane.lost else ""
        screen.print(f"{name}: {lane.delivered} events delivered{trouble}", soft_wrap=True)
    screen.print("To record your own program: import threadtrail; threadtrail.instrument()", soft_wrap=True)
    return 0 if delivered and not lost else 1
