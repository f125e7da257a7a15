"""One chosen exporter: whether it is installed, and its settings, defaults included."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from threadtrail._guard import attempt
from threadtrail._text import assigned, is_secret
from threadtrail.config import installed
from threadtrail.config.choice import DEFAULT, ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.config.choice import ExporterChoice

BACKEND_VARIABLES = {"agentops": "AGENTOPS_", "langfuse": "LANGFUSE_", "opentelemetry": "OTEL_"}
"""The prefix of the variables of each backend's own SDK, which the project's exporters read too."""


class Setting(NamedTuple):
    """A setting of an exporter, and where it was set."""

    name: str
    value: Any
    origin: str

    def __str__(self) -> str:
        return f"{self.assigned} ({self.origin})"

    @property
    def assigned(self) -> str:
        """Name and value; secrets are hidden."""
        return assigned(self.name, self.value)


def is_found(choice: ExporterChoice) -> bool:
    """Return whether exactly one such exporter is installed; if not, the configuration has a problem."""
    return choice.instance is not None or attempt(installed.find, choice.name, choice.origin)[1] is None


def backend_variables(choice: ExporterChoice) -> list[str]:
    """Return the variables of the backend's own SDK that are set."""
    prefix = BACKEND_VARIABLES.get(choice.name or "")
    return sorted(name for name, value in os.environ.items() if prefix and name.startswith(prefix) and value)


def settings_of(choice: ExporterChoice) -> list[Setting]:
    """Return the options that are set, the variables of its backend's own SDK, and the other defaults.

    An option that the exporter does not have is left out, since it may be a secret whose name is misspelt. So
    are all options of an exporter that cannot be imported; that problem is found when it is started.
    """
    parameters = _parameters(choice)
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    options = [
        Setting(name, option.value, option.origin)
        for name, option in choice.options.items()
        if name in parameters or open_ended
    ]
    variables = [Setting(name, os.environ[name], ENVIRONMENT) for name in backend_variables(choice)]
    return [*options, *variables, *_defaults(parameters, without=choice.options)]


def lines(settings: Iterable[Setting]) -> Iterator[str]:
    """Yield a line for each setting, and one for all the defaults."""
    defaults = []
    for setting in settings:
        if setting.origin == DEFAULT:
            defaults.append(setting.assigned)
        else:
            yield str(setting)
    if defaults:
        yield f"{', '.join(defaults)} ({DEFAULT})"


def _parameters(choice: ExporterChoice) -> dict[str, inspect.Parameter]:
    if choice.instance is not None:
        return {}
    entry, _ = attempt(installed.find, choice.name, choice.origin)
    factory, _ = attempt(entry.load) if entry is not None else (None, None)
    signature, _ = attempt(inspect.signature, factory)
    return dict(signature.parameters) if signature is not None else {}


def _defaults(parameters: dict[str, inspect.Parameter], without: Iterable[str]) -> Iterator[Setting]:
    """Yield the defaults that are worth showing: plain values that are neither None nor empty."""
    for name, parameter in parameters.items():
        value = parameter.default
        if name in without or is_secret(name):
            continue
        if isinstance(value, os.PathLike):
            yield Setting(name, os.fspath(value), DEFAULT)
        elif isinstance(value, (bool, int, float)) or (value and isinstance(value, (str, list, tuple, dict))):
            yield Setting(name, value, DEFAULT)
