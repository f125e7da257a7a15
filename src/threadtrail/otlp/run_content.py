"""Contents of a run that several backends show alike: instructions, a step's predecessor, JSON as objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadtrail.values import Run, RunRequest, Step

__all__ = ["instruction_texts", "parsed", "step_before"]


def instruction_texts(request: RunRequest) -> list[str]:
    """Return the run's instructions, and its additional ones unless the API has merged them in."""
    first, more = request.instructions or "", request.additional_instructions or ""
    return [text for text in (first, "" if more in first else more) if text]


def step_before(run: Run, step: Step | None) -> Step | None:
    """Return the step before ``step`` in the run; ``None`` if there is none."""
    index = next((index for index, each in enumerate(run.steps) if each is step), 0)
    return run.steps[index - 1] if index else None


def parsed(text: str | None) -> Any:
    """Return the object or list that the text is in JSON; any other text as it is."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, (dict, list)) else text
