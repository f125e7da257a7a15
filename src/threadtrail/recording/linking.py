"""Finds what belongs together: outputs and the runs that asked for them, turns, sessions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from threadtrail.recording.chains import Chains
from threadtrail.recording.publishing import origin_of
from threadtrail.recording.sessions import Sessions
from threadtrail.recording.tool_work import ToolWork
from threadtrail.recording.turns import Turns

if TYPE_CHECKING:
    from threadtrail.recording.facts import CallsAnswered, RunSeen
    from threadtrail.recording.groups import Groups
    from threadtrail.recording.publishing import Publish
    from threadtrail.recording.runs import RunRecord
    from threadtrail.values import Run


class Linking:
    """Links each run to those whose calls it answers; times are ``time.monotonic()`` seconds."""

    def __init__(self, publish: Publish, groups: Groups) -> None:
        self.chains = Chains()
        self.sessions = Sessions()
        self.turns = Turns(publish, groups)
        self.tools = ToolWork()

    def begin(self, record: RunRecord, seen: RunSeen, now: float) -> None:
        """See that a run begins: it belongs to the newest turn that its request answers calls of."""
        of_thread = self.chains.take_from_thread(record.origin.server, seen.thread_id)
        record.chain.links = (*seen.call.links, *of_thread)
        newest = max(record.chain.links, key=lambda link: link.order, default=None)
        server = record.origin.server
        if newest is None or self.turns.is_over((server, newest.turn_id)):
            record.chain.turn_id = record.id
        else:
            record.chain.turn_id = newest.turn_id
        call_id = record.scope.tool_call_id
        record.chain.called_by = None if call_id is None else self.tools.caller(call_id)
        self.turns.begin(record, now)

    def ask(self, record: RunRecord, now: float) -> None:
        """See that a run leaves calls to the app, or to a person."""
        self.chains.ask(record, now)
        self.turns.ask(record, now)

    def answer(self, answered: CallsAnswered) -> list[RunRecord]:
        """Take outputs; return the runs that got one. The run that begins with them is linked to these."""
        server = origin_of(answered.call).server
        records, links = self.chains.answer(server, answered.tool_calls)
        if answered.thread_id is not None:
            self.chains.put_on_thread(server, answered.thread_id, links)
        else:
            answered.call.links = links
        return records

    def end(self, record: RunRecord, run: Run | None, now: float) -> None:
        """See that a run is followed no longer; ``run`` is what was published of it, if it was."""
        if record.whole:
            self.chains.forget(record.chain.links)
        self.turns.end_run(record, run, now)

    def tick(self, now: float, patience: float) -> None:
        """Give up the calls and the turns whose time has come."""
        self.chains.give_up(now - patience)
        self.turns.tick(now)

    def end_all(self) -> None:
        """Give up every call and every turn."""
        self.chains.give_up(math.inf)
        self.turns.end_all()

    def next_deadline(self, patience: float) -> float | None:
        """Return when ``tick`` has something to do next."""
        asked_at = self.chains.asked_first_at
        times = (None if asked_at is None else asked_at + patience, self.turns.next_deadline())
        return min((time for time in times if time is not None), default=None)
