"""Replays a recording to one exporter after the other, and prints the result."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from threadtrail.commands.choosing import choice, reading
from threadtrail.commands.destinations import close, destinations, no_metrics
from threadtrail.commands.replay.progress import Progress
from threadtrail.commands.replay.screen import bar
from threadtrail.commands.replay.sending import Sender
from threadtrail.commands.replay.words import amount, period
from threadtrail.commands.signals import stopped_by
from threadtrail.commands.terminal import print_lines
from threadtrail.exporters.console_text import counted
from threadtrail.merging.merge import merge, merge_if_shared
from threadtrail.recordings.choosing import none_chosen
from threadtrail.recordings.files import files_of
from threadtrail.recordings.groups import groups_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from threadtrail.commands.destinations import Destination
    from threadtrail.commands.replay.sending import Sent
    from threadtrail.config.settings import Settings
    from threadtrail.recordings.groups import Group

INCOMPLETE = 1


def replay(options: argparse.Namespace) -> int:
    """Send the chosen part of the recording to each exporter; return the exit code.

    Raises:
        ConfigurationError: a file cannot be read, an exporter cannot be used, a run is not in the recording.
    """
    files = files_of(*options.files)
    with reading(files, merge if len(files) > 1 else merge_if_shared) as events:
        groups = groups_of(events, traces=True)
        wanted = choice(options).among(groups)
        if wanted:
            return _send_to_each(wanted, files, options)
    print_lines([none_chosen(groups) if groups else "the recording has no events; nothing is sent"])
    return 0


def _send_to_each(groups: Sequence[Group], files: Sequence[Path], options: argparse.Namespace) -> int:
    """Send the groups to one exporter after the other; return the worst exit code."""
    codes: list[int] = []
    with no_metrics():
        settings, chosen = destinations(options.exporter, files)
        try:
            while len(codes) < len(chosen):
                codes.append(_Replay(chosen[len(codes)], settings, files, options).send(groups))
        finally:
            close(chosen[len(codes) :])
    return max(codes)


class _Replay:
    """The replay to one destination."""

    def __init__(
        self, destination: Destination, settings: Settings, files: Sequence[Path], options: argparse.Namespace
    ) -> None:
        self._destination = destination
        self._settings = settings
        self._options = options
        to = destination.name, destination.address
        state = options.state
        self._progress = (
            Progress([Path(state).expanduser()], *to) if state is not None else Progress.beside(files, *to)
        )

    def send(self, groups: Sequence[Group]) -> int:
        """Send the groups that were not delivered yet; return the exit code."""
        if self._options.dry_run:
            self._progress.read()
            self._announce(groups, self._pending(groups))
        else:
            with self._progress.writing():
                if self._options.again:
                    self._progress.forget(groups)
                pending = self._pending(groups)
                self._announce(groups, pending)
                if pending:
                    return self._send(pending)
        close([self._destination])
        return 0

    def _pending(self, groups: Sequence[Group]) -> list[Group]:
        again = self._options.again and self._options.dry_run
        pending = [group for group in groups if again or not self._progress.has(group)]
        return sorted(pending, key=self._progress.postponed)

    def _announce(self, groups: Sequence[Group], pending: Sequence[Group]) -> None:
        """Print what is sent, or would be, and what was sent before."""
        now = {id(group) for group in pending}
        before = [group for group in groups if id(group) not in now]
        when = f", the last at {self._progress.latest}" if self._progress.latest else ""
        if not pending:
            self._say(f"all of it, {amount(before)}, was delivered before{when}; --again sends it again")
            return
        verb = "would send" if self._options.dry_run else "sending"
        events = counted(sum(len(group.events) for group in pending), "event")
        self._say(f"{verb} {amount(pending)} ({period(pending)}; {events})")
        if before:
            self._say(f"{amount(before)} delivered before{when}")
        if grown := [group for group in pending if self._progress.knows(group)]:
            self._say(f"of these, {amount(grown)} continued after being delivered; sent again as a whole")

    def _send(self, pending: Sequence[Group]) -> int:
        sender = Sender(self._destination.loaded, self._settings, self._options.timeout)
        try:
            # What the exporter has got would be sent twice if it was not noted: Ctrl-C waits for that.
            with bar(len(pending)) as advance, stopped_by(sender.stop, signal.SIGINT):
                sent = sender.send(pending, self._progress, lambda tried: advance(len(tried)))
        except KeyboardInterrupt:
            delivered = [group for group in pending if self._progress.has(group)]
            self._say(f"interrupted; {amount(delivered)} delivered; the same command sends the rest")
            raise
        self._report(sent)
        return INCOMPLETE if sent.failed or sent.not_tried else 0

    def _report(self, sent: Sent) -> None:
        missing = [*sent.failed, *sent.not_tried]
        if not missing:
            self._say(f"{amount(sent.delivered)} delivered")
            return
        reason = sent.reason or "the exporter did not confirm them, and gave no reason"
        self._say(f"{amount(sent.delivered)} delivered, {amount(missing)} not: {reason}")
        self._say("when that is corrected, the same command sends the rest")

    def _say(self, what: str) -> None:
        print_lines([f"{self._destination}: {what}"])
