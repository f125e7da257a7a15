"""What a configuration file that is not trusted may not set: destinations and credentials.

Only an exporter can say whether its option is a host, a credential or a path. So it lists the options that
are none of these in ``harmless_options``; all others are refused.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from threadtrail._guard import guard
from threadtrail.config.file import VARIABLE
from threadtrail.config.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from threadtrail.config.choice import ExporterChoice, Option
    from threadtrail.config.problems import Problems
    from threadtrail.config.trust import Distrust

HARMLESS_EXPORTERS = ("console",)
"""Exporters that send nothing away and write no file, so any file may choose them."""

ATTRIBUTE = "harmless_options"


def trusted_choices(choices: tuple[ExporterChoice, ...], problems: Problems) -> tuple[ExporterChoice, ...]:
    """Return the choices that their place may make; the others become problems."""
    trusted = []
    for choice in choices:
        if choice.distrust is None or choice.name in HARMLESS_EXPORTERS:
            trusted.append(choice)
        else:
            problems.add(_choice(choice.name, choice.origin, choice.distrust))
    return tuple(trusted)


def refused_options(factory: Any, options: Mapping[str, Option]) -> Iterator[Problem]:
    """Yield the problem of each option that comes from a file that is not trusted, unless it is harmless."""
    harmless, _ = guard.catch(lambda: frozenset(getattr(factory, ATTRIBUTE, ())))
    for name, option in options.items():
        if option.distrust is not None and name not in (harmless or ()):
            yield _option(name, option, option.distrust)


def _choice(name: str | None, origin: str, distrust: Distrust) -> Problem:
    return Problem(
        "exporters",
        name,
        origin,
        says=f"the file is not trusted, so it may choose no exporter but {', '.join(HARMLESS_EXPORTERS)}: "
        f"{distrust.because}.",
        advice=_advice(distrust),
    )


def _option(name: str, option: Option, distrust: Distrust) -> Problem:
    return Problem(
        name,
        option.value,
        option.origin,
        says="the file is not trusted, so it may not set what can be a host, a credential or a path: "
        f"{distrust.because}.",
        advice=_advice(distrust),
    )


def _advice(distrust: Distrust) -> str:
    return (
        f"If you trust what is in the file, run: {distrust.remedy}, or name the file in the environment: "
        f"{VARIABLE}={shlex.quote(str(distrust.file))}."
    )
