"""The sample runs that did not complete, one function each."""

from __future__ import annotations

from threadtrail.testing._sample_parts import (
    answer_message,
    answer_step,
    at,
    history,
    tokens,
    tutor_run,
    weather_call,
)
from threadtrail.values import (
    Failure,
    Run,
    Step,
    TextPart,
)


def failed() -> Run:
    """Return a run that failed, although every HTTP status was 200."""
    error = Failure(type="rate_limit_exceeded", message="You exceeded your current quota.")
    return tutor_run(
        "failed",
        "Are you there?",
        history("poll", ("queued", 7.0), ("in_progress", 7.4), ("failed", 8.0)),
        error=error,
        usage=tokens(0, 0),
    )


def expired() -> Run:
    """Return a run whose tool outputs were not submitted in time: the call has no output, its step no end."""
    name = "expired"
    call = weather_call("call_never_answered", "Atlantis", None, 1.0, None)
    step = Step(
        id=f"step_{name}_1",
        kind="tool_calls",
        status="expired",
        tool_calls=(call,),
        started_at=at(0.8),
        ended_at=at(600.0),
    )
    return tutor_run(
        name,
        "How is the weather in Atlantis?",
        history("poll", ("queued", 0.0), ("in_progress", 0.5), ("requires_action", 1.0), ("expired", 600.0)),
        steps=(step,),
        usage=tokens(80, 20),
        error=Failure(type="expired", message="The run expired before its tool outputs were submitted."),
    )


def incomplete() -> Run:
    """Return a run that a token limit ended, in the middle of a sentence."""
    name, usage = "incomplete", tokens(60, 8)
    cut = answer_message(
        name,
        1.4,
        TextPart(text="First, subtract 11 from both"),
        status="incomplete",
        completed_at=None,
        incomplete_reason="max_tokens",
    )
    return tutor_run(
        name,
        "Explain every step.",
        history("poll", ("queued", 0.0), ("in_progress", 0.3), ("incomplete", 1.5)),
        output=(cut,),
        steps=(answer_step(name, 1.0, 1.4, usage),),
        usage=usage,
        incomplete_reason="max_completion_tokens",
    )


def cancelled() -> Run:
    """Return a run that the app cancelled: no answer, no usage, and not an error."""
    return tutor_run(
        "cancelled",
        "Count to a million.",
        history("poll", ("queued", 0.0), ("in_progress", 0.3), ("cancelling", 1.0), ("cancelled", 1.6)),
    )


def unfinished() -> Run:
    """Return a run that was published as unfinished at its timeout, while it waited for a tool's output."""
    name = "unfinished"
    call = weather_call("call_open", "Paris", None, 1.0, None)
    return tutor_run(
        name,
        "How is the weather in Paris?",
        history("poll", ("queued", 0.0), ("in_progress", 0.5), ("requires_action", 1.0)),
        finished=False,
        awaits_outputs=True,
        ended_at=at(900.0),
        steps=(Step(id=None, kind="tool_calls", tool_calls=(call,), started_at=at(1.0), seen_live=True),),
    )
