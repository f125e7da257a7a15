"""Who a run is for, and where it belongs: what the app said of it, here or in another process."""

from __future__ import annotations

from dataclasses import dataclass

from threadtrail.parts import EMPTY, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Attributes of the caller, set by ``threadtrail.attributes(user_id="u1")`` or ``threadtrail.trace()``.

    Attributes:
        user_id: the app's own id of its user.
        session_id: the app's own name of the session. Without one, a chain of responses is a session.
        tags: words to search for.
        metadata: the app's own pairs; not those that the API keeps, which are ``Run.metadata``.
    """

    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: JsonObject = EMPTY


NO_ATTRIBUTES = Attributes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The contents of a carrier, which another process passed on by ``threadtrail.carrier()``.

    Attributes:
        traceparent: an OpenTelemetry span, by W3C's Trace Context.
        tracestate: the state of that span, by W3C's Trace Context.
        trace_id: the innermost ``threadtrail.trace()``.
        trace_name: the name of the outermost ``threadtrail.trace()``.
        outermost_trace_id: the id of the outermost one, if it is another.
        around: the W3C trace id of the app's span in which the outermost one was entered.
        attributes: those of the caller, if they were passed on.
        made_at: when the carrier was made.
    """

    traceparent: str | None = None
    tracestate: str | None = None
    trace_id: str | None = None
    trace_name: str | None = None
    outermost_trace_id: str | None = None
    around: str | None = None
    attributes: Attributes = NO_ATTRIBUTES
    made_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The tool call that a run was begun for, in ``threadtrail.tool()``.

    Attributes:
        run_id: the run that asked for the call; ``None`` if this process has not seen it, or too long ago.
        turn_id: the turn of that run; ``None`` in the same cases.
    """

    call_id: str
    run_id: str | None = None
    turn_id: str | None = None
