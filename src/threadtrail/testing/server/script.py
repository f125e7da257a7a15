"""The script of a run: its steps, how long they take and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from threadtrail.testing.server.gate import Gate
from threadtrail.testing.server.responses.quirks import NO_QUIRKS, Quirks
from threadtrail.testing.server.steps import NOTHING, AnyStep, Message, Usage

# ---------------------------------------------------------------------------------------------
# ends
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Completed:
    """The run completes."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The run fails; `code="rate_limit_exceeded"` is the API's answer to too little quota."""

    code: str = "server_error"
    message: str = "Sorry, something went wrong."


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The run stops at a limit: `max_completion_tokens` or `max_prompt_tokens`.

    A response calls both `max_output_tokens`; it may stop for any other reason, such as `content_filter`.
    """

    reason: str = "max_completion_tokens"


@dataclass(frozen=True, slots=True)
class Expired:
    """The run expires; a response fails instead."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The run is cancelled, though the application did not ask for it."""


@dataclass(frozen=True, slots=True)
class Hangs:
    """The run never ends by itself: it stays in progress until it is cancelled or expires."""


@dataclass(frozen=True, slots=True)
class EndsAs:
    """The run ends with a status of your choice, for example one that no SDK has."""

    status: str


End: TypeAlias = Completed | Failed | Incomplete | Expired | Cancelled | Hangs | EndsAs


# ---------------------------------------------------------------------------------------------
# the script
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, init=False)
class RunScript:
    """The script of one run.

    A run has one leg, and one more after each submission of tool outputs. In each leg the
    `polls`-th retrieve sees the leg's end (`completed`, `requires_action`, ...); those before see
    `queued`, then `in_progress`. A stream plays a whole leg at once.

    With Responses, each leg is a response of its own: it completes with the calls, and the next request
    that brings their outputs continues. If the script has no steps left, that request gets the next
    script. A leg that is the last step and has a bad end ends so, and its last call is unfinished.
    Only responses in the background are polled.

    Attributes:
        steps: what the run does, in order.
        end: how it ends. Any end but `Completed` finds the last step unfinished, unless that step
            waited for tool outputs or `finish_steps` is set.
        polls: retrieves until the end of a leg; a sequence gives each leg its own number, the last
            one repeated. 0 ends the leg before the answer to the request that began it.
        queued_polls: how many of them still see `queued`.
        usage: `"sum"` of the steps, or the run's own numbers; `None` sends `null` even at the end, and a
            mapping is sent as it is.
        tool_usage: what a response's hosted tools cost apart from that, as the API's own JSON object.
        quirks: how a compatible server differs from the API.
        finish_steps: let all steps complete, however the run ends.
        gate: what a stream asks before each event; without one it does not wait.
        event_delay: seconds that a stream waits before each event.
        extra: further fields of the run, sent as they are.
    """

    steps: tuple[AnyStep, ...]
    end: End
    polls: int | Sequence[int]
    queued_polls: int
    usage: Usage | Mapping[str, Any] | Literal["sum"] | None
    tool_usage: Mapping[str, Any] | None
    quirks: Quirks
    finish_steps: bool
    gate: Gate | None
    event_delay: float
    extra: Mapping[str, Any]

    def __init__(  # noqa: PLR0913 - one keyword per setting
        self,
        *steps: AnyStep | str,
        end: End = Completed(),
        polls: int | Sequence[int] = 2,
        queued_polls: int = 0,
        usage: Usage | Mapping[str, Any] | Literal["sum"] | None = "sum",
        tool_usage: Mapping[str, Any] | None = None,
        quirks: Quirks = NO_QUIRKS,
        finish_steps: bool = False,
        gate: Gate | None = None,
        event_delay: float = 0.0,
        extra: Mapping[str, Any] = NOTHING,
    ) -> None:
        _check(polls, queued_polls, event_delay, end)
        values: dict[str, Any] = {
            "steps": tuple(Message(step) if isinstance(step, str) else step for step in steps),
            "end": end,
            "polls": polls,
            "queued_polls": queued_polls,
            "usage": usage,
            "tool_usage": tool_usage,
            "quirks": quirks,
            "finish_steps": finish_steps,
            "gate": gate,
            "event_delay": event_delay,
            "extra": extra,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def polls_in_leg(self, leg: int) -> int:
        """Return how many retrieves leg number `leg` takes, counted from 0."""
        if isinstance(self.polls, int):
            return self.polls
        return self.polls[min(leg, len(self.polls) - 1)]


def _check(polls: int | Sequence[int], queued_polls: int, event_delay: float, end: object) -> None:
    legs = [polls] if isinstance(polls, int) else list(polls)
    if not legs:
        raise ValueError(f"polls={polls!r} is empty; give one number per leg, at least one")
    for name, number in (
        ("polls", min(legs)),
        ("queued_polls", queued_polls),
        ("event_delay", event_delay),
    ):
        if number < 0:
            raise ValueError(f"{name}={number} is negative; give 0 or more")
    if not isinstance(end, get_args(End)):
        names = ", ".join(kind.__name__ for kind in get_args(End))
        raise TypeError(f"end={end!r} is not an end of a run; give an instance of one of {names}")


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The argument for a function that chooses a script for a run or response.

    Attributes:
        thread_id: the run's thread, or the response's conversation; empty if it has none.
        assistant: the assistant, or the prompt of a response, as the API's JSON object.
        body: the request's JSON body.
        messages: the thread's messages, or all items that the model gets, oldest first, as the
            API's JSON objects.
    """

    thread_id: str
    assistant: Mapping[str, Any]
    body: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]

    @property
    def last_user_text(self) -> str:
        """The text of the newest user message; empty if there is none."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                parts = [part["text"] for part in message["content"] if "text" in part]
                return "\n".join(part if isinstance(part, str) else part["value"] for part in parts)
        return ""


AnyScript: TypeAlias = RunScript | str | Callable[[RunRequest], RunScript | str]
"""A script, or a function that chooses one when a run is created. A string is a script with one message."""


def as_script(script: AnyScript) -> RunScript | Callable[[RunRequest], RunScript | str]:
    """Return the script or the function; of a string, the script with this message.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(script, str):
        return RunScript(script)
    if isinstance(script, RunScript) or callable(script):
        return script
    raise TypeError(
        f"{script!r} is not a script; give a RunScript with steps, a string, which is a message, or a "
        "function of the request that returns one of them"
    )


def echo(request: RunRequest) -> RunScript:
    """Answer with the user's last message. This is the default script."""
    return RunScript(Message(f"You said: {request.last_user_text}"))
