"""The sessions of runs that were exported, for those that follow them in a chain and are exported later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from threadtrail.collecting.keys import run_key
from threadtrail.events import RunEnded, TurnEnded
from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from threadtrail.collecting.keys import Key
    from threadtrail.events import Event


class Sessions:
    """Remembers, of at most ``limit`` exported runs, which session they belong to.

    Merging only follows a chain through the runs that are delivered together. Where a process saw a chain
    from its middle on, its runs have the id of a run as session that may have been exported before.
    """

    def __init__(self, limit: int) -> None:
        self._of_run: Bounded[Key, str] = Bounded(limit)

    def note(self, event: RunEnded) -> None:
        """Remember the session of a run that others can follow, unless it is named after the run itself."""
        run, session = event.run, event.run.session_key
        if session is not None and session != run.id and run.one_generation:
            self._of_run.put(run_key(event, run.id), session)

    def follow(self, event: Event) -> Event:
        """Return the event with the session that the run had after which its session is named."""
        if isinstance(event, RunEnded):
            session = self._found(event, event.run.session_key)
            return event if session is None else replace(event, run=replace(event.run, session_key=session))
        if isinstance(event, TurnEnded):
            session = self._found(event, event.turn.session_key)
            if session is not None:
                return replace(event, turn=replace(event.turn, session_key=session))
        return event

    def _found(self, event: Event, named: str | None) -> str | None:
        """Return the session that a name leads to; ``None`` if that is the name itself."""
        if named is None or named == event.attributes.session_id:
            return None
        session, seen = named, {named}
        while (known := self._of_run.get(run_key(event, session))) is not None and known not in seen:
            session = known
            seen.add(known)
        return session if session != named else None
