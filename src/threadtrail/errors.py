"""The errors of threadtrail: a wrong configuration, a backend that fails its check, events that were lost."""

from __future__ import annotations

from enum import Enum
from typing import Final

from threadtrail._text import assignment, escaped_lines


class _Absent(Enum):
    """The type of ``ABSENT``."""

    ABSENT = "no value"


ABSENT: Final = _Absent.ABSENT
"""Stands for a value where there is none; ``None`` may be one."""


class ConfigurationError(ValueError):
    """The configuration is wrong; raised at start-up, before anything is patched or started.

    ``problems`` holds one text for each problem: the setting, its value, where it was set, what is allowed
    and how to correct it. ``str(error)`` joins them. Control characters in them are shown as escapes.

    An exporter that refuses one of its options names it, and the message then shows where it was set:
    ``ConfigurationError("there is no such folder", option="path", value=path)``.
    """

    def __init__(self, *problems: str, option: str | None = None, value: object = ABSENT) -> None:
        beginning = "" if option is None else f"{option if value is ABSENT else assignment(option, value)}: "
        super().__init__(*(escaped_lines(f"{beginning}{problem}") for problem in problems))
        self.option = option
        self.value = value
        self.details: tuple[object, ...] = problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, one text for each problem."""
        return self.args

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        lines = [f"{len(self.problems)} problems with the configuration:"]
        return "\n  - ".join([*lines, *self.problems])

    def __reduce__(self) -> tuple[type[ConfigurationError], tuple[str, ...]]:
        """Pickle the texts alone: a value may be an object that cannot be pickled."""
        return type(self), self.problems


class CheckError(Exception):
    """A backend does not answer, or refuses what it is sent; raised by the hook ``check``.

    ``problem`` describes what is wrong and ``advice`` what to do about it, a sentence or two each.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)

    @property
    def problem(self) -> str:
        """What is wrong."""
        return str(self.args[0])

    @property
    def advice(self) -> str:
        """What to do about it; may be empty."""
        return str(self.args[1])

    def __str__(self) -> str:
        return f"{self.problem} {self.advice}".strip()


class EventsLostError(Exception):
    """Some events of a batch could not be exported, and all others were; raised by the hook ``export``.

    ``lost`` is their number, 1 or more. With any other number or exception, the whole batch counts as failed.
    """

    def __init__(self, problem: str, *, lost: int) -> None:
        super().__init__(problem)
        self.lost = lost
