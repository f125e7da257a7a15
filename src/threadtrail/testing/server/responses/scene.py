"""How far a script has been played: a response that asks the application ends, and the next one continues."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.responses.history import (
    OUTPUTS,
    key_answered,
    keys_of,
    newest_outputs,
    output_text,
)
from threadtrail.testing.server.script import RunScript
from threadtrail.testing.server.steps import SubmittedOutput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Scene:
    """The part of a script that a response plays.

    Attributes:
        script: the script.
        step: the number of the first step.
        leg: how often outputs were brought before.
        submitted: the outputs so far.
    """

    script: RunScript
    step: int = 0
    leg: int = 0
    submitted: tuple[SubmittedOutput, ...] = ()


class Continuations:
    """The scenes that wait for outputs, by the ids of the calls that they wait for."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}

    def add(self, scene: Scene, calls: Sequence[Mapping[str, Any]]) -> None:
        """Continue with this scene when these calls are answered."""
        waiting = _Waiting(scene, tuple(calls))
        for call in calls:
            for key in keys_of(call):
                self._waiting[key] = waiting

    def take(self, items: Sequence[Mapping[str, Any]]) -> Scene | None:
        """Return the scene that continues with the newest outputs among these items.

        The same outputs give the same scene again, since a request may be sent twice.
        """
        given = {key_answered(item): output_text(item) for item in newest_outputs(items)}
        waiting = next((self._waiting[key] for key in given if key in self._waiting), None)
        if waiting is None or waiting.taken_by not in (None, frozenset(given)):
            return None
        waiting.taken_by = frozenset(given)
        everything = {key_answered(item): output_text(item) for item in items if item.get("type") in OUTPUTS}
        outputs = tuple(_submitted(call, {**everything, **given}) for call in waiting.calls)
        brought = tuple(output for output in outputs if output is not None)
        return replace(waiting.scene, submitted=waiting.scene.submitted + brought)


class _Waiting:
    def __init__(self, scene: Scene, calls: tuple[Mapping[str, Any], ...]) -> None:
        self.scene = scene
        self.calls = calls
        self.taken_by: frozenset[str] | None = None


def _submitted(call: Mapping[str, Any], given: Mapping[str, str]) -> SubmittedOutput | None:
    for key in keys_of(call):
        if key in given:
            name = str(call.get("name") or call["type"])
            return SubmittedOutput(
                key, name, str(call.get("arguments") or call.get("input") or ""), given[key]
            )
    return None
