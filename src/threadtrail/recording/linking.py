"""Finds out which runs belong together: by outputs of tool calls, in turns, in sessions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from threadtrail.recording.chains import Chains
from threadtrail.recording.publishing import origin_of
from threadtrail.recording.sessions import Sessions
from threadtrail.recording.tool_work import ToolWork
from threadtrail.recording.turns import Turns

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.recording.facts import CallsAnswered, RunSeen
    from threadtrail.recording.groups import Groups
    from threadtrail.recording.links import Link
    from threadtrail.recording.publishing import Publish
    from threadtrail.recording.runs import RunRecord
    from threadtrail.values import Caller, Run


class Linking:
    """Links each run to the runs whose calls it answers; times are ``time.monotonic()`` seconds."""

    def __init__(self, publish: Publish, groups: Groups) -> None:
        self.chains: Chains = Chains()
        self.sessions: Sessions = Sessions()
        self.turns: Turns = Turns(publish, groups, self.chains.give_up_call)
        self.tools: ToolWork = ToolWork()

    def begin(self, record: RunRecord, seen: RunSeen, now: float) -> None:
        """See that a run begins: it belongs to the newest turn whose calls its request answers.

        If another process created the run, its request is not known. If it follows a run whose calls are
        open, it must have brought their outputs, since no API goes on without them.
        """
        server, previous = record.origin.server, seen.particulars.previous_run_id
        if seen.call.operation.creates_run:
            of_thread = self.chains.take_from_thread(server, seen.thread_id)
            record.chain.links = (*seen.call.links, *of_thread)
        elif not record.chain.links and previous is not None:
            record.chain.links = self.chains.links_to(server, previous)
        newest = max(record.chain.links, key=lambda link: link.order, default=None)
        if newest is not None and not self._stands_alone(record, newest):
            record.chain.turn_id = newest.turn_id
        record.chain.called_by = self._caller(record)
        self.turns.begin(record, now)

    def _caller(self, record: RunRecord) -> Caller | None:
        """Return the innermost ``threadtrail.tool()`` call around a run that is not answered by it."""
        brought = {link.name[1] for link in record.chain.links}
        scope: Scope | None = record.scope
        while scope is not None and scope.tool_call_id is not None:
            if scope.tool_call_id not in brought:
                return self.tools.caller(scope.tool_call_id)
            scope = scope.outer
        return None

    def _stands_alone(self, record: RunRecord, newest: Link) -> bool:
        over = self.turns.is_over((record.origin.server, newest.turn_id))
        return over or self.turns.begins_with(record)

    def ask(self, record: RunRecord, now: float) -> None:
        """See that a run leaves calls to the app, or to a person."""
        self.turns.ask(record, self.chains.ask(record, now), now)

    def answer(self, answered: CallsAnswered, now: float) -> list[RunRecord]:
        """Take outputs; return the runs that got one. The run that the outputs begin is linked to them."""
        server = origin_of(answered.call).server
        records, links = self.chains.answer(server, answered.tool_calls)
        if answered.thread_id is not None:
            self.chains.put_on_thread(server, answered.thread_id, links)
        else:
            answered.call.links = links
        for record in records:
            self.turns.answer(record, now)
        return records

    def end(self, record: RunRecord, run: Run | None, now: float) -> None:
        """See that a run is not followed any more; ``run`` is what was published, ``None`` if nothing was.

        The links of a run that failed or broke off stay: the app may send the same outputs again.
        """
        completed = record.whole and record.may_be_answered
        links = record.chain.links
        if completed:
            self.chains.forget(links)
        self.turns.end_run(record, run, now)
        if completed or record.ended or not record.outlives_call:
            for turn_id in {link.turn_id for link in links}:
                calls = [link.name for link in links if link.turn_id == turn_id]
                self.turns.brought((record.origin.server, turn_id), calls, now, completed=completed)

    def tick(self, now: float, patience: float) -> None:
        """Give up the calls and the turns that are due."""
        self.chains.give_up(now - patience)
        self.turns.tick(now)

    def end_all(self) -> None:
        """Give up every call and every turn."""
        self.chains.give_up(math.inf)
        self.turns.end_all()

    def next_deadline(self, patience: float) -> float | None:
        """Return the time at which ``tick`` has something to do next."""
        asked_at = self.chains.asked_first_at
        times = (None if asked_at is None else asked_at + patience, self.turns.next_deadline())
        return min((time for time in times if time is not None), default=None)
