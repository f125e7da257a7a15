"""The place of turns among other spans, for a bounded number of turns."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from threadtrail.otlp.context import below, span_context_in
from threadtrail.shape import in_turn, span_id_for, trace_id_for, turn_id_of
from threadtrail.values import Caller, Carried

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.events import RunCreated, RunEnded, TurnEnded
    from threadtrail.otlp.open_runs import Key
    from threadtrail.values import Run

__all__ = ["OpenTurn", "OpenTurns"]

MAX_TURNS = 10_000
"""The maximum number of open turns, and of ended turns to which a run may still be added."""


@dataclass(slots=True, kw_only=True)
class OpenTurn:
    """A turn, and where its spans are.

    Attributes:
        turn_id: the id of its first run.
        context: what the exporter captured where that run began.
        trace_id: the ``threadtrail.trace()`` around that run.
        called_by: the tool call that the run was begun for, in ``threadtrail.tool()``.
        carried: what came from another process with that run.
        start: when that run began, in Unix nanoseconds.
        from_elsewhere: whether another process created that run.
        inside: the context below which spans of the turn are; ``None`` until its first run is exported.
        root: what the exporter has opened as the turn's root; ``None`` before it is opened, after it is
            closed, and if the turn is inside a span of the app, which takes its place.
        has_root: whether ``inside`` is that root, open or ended.
        last: the latest end of its exported spans, in Unix nanoseconds.
        is_looked_for: whether the place around it is being searched.
    """

    turn_id: str
    context: Context | None = None
    trace_id: str | None = None
    called_by: Caller | None = None
    carried: Carried | None = None
    start: int = 0
    from_elsewhere: bool = False
    inside: Context | None = None
    root: Any = None
    has_root: bool = False
    last: int = 0
    is_looked_for: bool = False

    def below_root(self, inside: Context, root: Any) -> None:
        """Put all spans of the turn below a root of its own; ``inside`` is the context with that root."""
        self.inside, self.root, self.has_root = inside, root, True

    def below_app(self, inside: Context | None) -> None:
        """Leave out the root: ``inside`` is the context of a span of the app, or of a framework."""
        self.inside = inside

    def parent(self, own: Context | None) -> Context | None:
        """Return the parent of a run of the turn; ``own`` is its parent without the turn.

        Without a root, each run is below the span that was active where it began, else below that of the
        first run.
        """
        if self.has_root or span_context_in(own) is None:
            return self.inside
        return own

    def seed(self, run: Run) -> str:
        """Return the id that the id of its root derives from: the turn's id, or the first run's ``key``.

        They differ only if the server has used that id before. ``run`` is the run that the root begins with.
        """
        return run.key if run.id == self.turn_id else self.turn_id

    def rest(self) -> None:
        """Keep only the ids of the span that it is inside: an ended span may hold content."""
        self.context = self.root = None
        found = span_context_in(self.inside)
        self.inside = below(NonRecordingSpan(found)) if found is not None else None


class OpenTurns:
    """Turns by server and id; beyond ``MAX_TURNS``, the one that was added first is closed.

    Args:
        close: closes the root of a turn whose end will not be seen.
    """

    def __init__(self, close: Callable[[OpenTurn], None]) -> None:
        self._close = close
        self._open: OrderedDict[Key, OpenTurn] = OrderedDict()
        self._ended: OrderedDict[Key, OpenTurn] = OrderedDict()

    @property
    def any_root(self) -> bool:
        """Whether the root of any turn is open."""
        return any(turn.root is not None for turn in self._open.values())

    def begin(self, event: RunCreated, context: Context | None) -> None:
        """Remember where a run begins, if it may be the first of a turn; ``context`` was captured there."""
        if event.turn_id is None or event.turn_id != event.run_id:
            return
        turn = OpenTurn(
            turn_id=event.turn_id,
            context=context,
            trace_id=event.trace_id,
            called_by=event.called_by,
            carried=event.carried,
            start=event.time,
            from_elsewhere=not event.observed_from_start,
        )
        key = _key(event, event.turn_id)
        self._ended.pop(key, None)  # a server that uses an id again begins another turn
        self._drop(key)
        self._add(key, turn)

    def of_run(self, event: RunEnded, context: Context | None) -> OpenTurn | None:
        """Return the turn that a run belongs to; ``None``, and forget it, if it belongs to none.

        ``context`` is the captured context where the run began. If the beginning of the turn is not known,
        this run counts as the first.
        """
        run = event.run
        key = _key(event, turn_id_of(run))
        turn = self._open.get(key)
        if not in_turn(run):
            if turn is not None and turn.inside is None:
                del self._open[key]
            return None
        turn = turn or self._ended.get(key)
        if turn is None:
            start = run.created_at if run.created_at is not None else event.time
            turn = OpenTurn(
                turn_id=turn_id_of(run),
                context=context,
                trace_id=event.trace_id,
                called_by=run.called_by,
                carried=event.carried,
                start=start,
            )
            self._add(key, turn)
        if turn.carried is None and event.carried is not None and run.id == turn.turn_id:
            # The first look at the run, such as a webhook, did not have the carrier.
            turn.carried, turn.trace_id, turn.context = event.carried, event.trace_id, context
        turn.last = max(turn.last, event.time)
        return turn

    def below_call(
        self, caller: Caller | None, around: Callable[[OpenTurn], Context | None]
    ) -> Context | None:
        """Return a context below the span of the call that a run was begun for; ``None`` if it has none here.

        For providers that choose ids: the span itself is sent later. ``around`` returns the place of a turn
        whose first run has not ended yet; ``None``: in a trace of its own.
        """
        turn = self.calling(caller)
        if turn is None or caller is None or caller.run_id is None:
            return None
        found = span_context_in(turn.inside if turn.inside is not None else self._around(turn, around))
        trace_id = found.trace_id if found is not None else int(trace_id_for(turn.turn_id), 16)
        span_id = int(span_id_for(caller.run_id, "tool", caller.call_id), 16)
        flags = TraceFlags(TraceFlags.SAMPLED)
        return below(NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags)))

    @staticmethod
    def _around(turn: OpenTurn, around: Callable[[OpenTurn], Context | None]) -> Context | None:
        # If a server uses ids again, a call may seem to belong to the turn that was begun for it.
        if turn.is_looked_for:
            return None
        turn.is_looked_for = True
        try:
            return around(turn)
        finally:
            turn.is_looked_for = False

    def calling(self, caller: Caller | None) -> OpenTurn | None:
        """Return the newest turn, at any server, of the tool call that a run was begun for, if it is known.

        It may also be the run of an assistant that has not ended.
        """
        if caller is None or caller.turn_id is None:
            return None
        for turns in (self._open, self._ended):
            for turn in reversed(turns.values()):
                if turn.turn_id == caller.turn_id:
                    return turn
        return None

    def end(self, event: TurnEnded) -> OpenTurn | None:
        """Return a turn that has ended; ``None`` if no root of it is open.

        Its place is kept for a run of it that finishes later.
        """
        key = _key(event, event.turn.id)
        turn = self._open.pop(key, None)
        if turn is None:
            return None
        ended = OpenTurn(turn_id=turn.turn_id, inside=turn.inside, has_root=turn.has_root)
        ended.rest()
        self._keep(key, ended)
        return turn if turn.root is not None else None

    def close_all(self) -> None:
        """Close the open roots: no event will end these turns."""
        for key in list(self._open):
            self._drop(key)

    def clear(self) -> None:
        """Forget all turns: in a forked child they are the parent's."""
        self._open.clear()
        self._ended.clear()

    def _add(self, key: Key, turn: OpenTurn) -> None:
        self._open[key] = turn
        if len(self._open) > MAX_TURNS:
            self._drop(next(iter(self._open)))

    def _drop(self, key: Key) -> None:
        turn = self._open.pop(key, None)
        if turn is not None and turn.root is not None:
            self._close(turn)
            turn.rest()
            self._keep(key, turn)

    def _keep(self, key: Key, turn: OpenTurn) -> None:
        self._ended[key] = turn
        if len(self._ended) > MAX_TURNS:
            self._ended.popitem(last=False)


def _key(event: RunCreated | RunEnded | TurnEnded, turn_id: str) -> Key:
    return event.server_address, event.server_port, turn_id
