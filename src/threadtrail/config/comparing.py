"""Compares two configurations, so that `instrument()` with the same one changes nothing."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from threadtrail._guard import guard
from threadtrail.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.config.choice import ExporterChoice

OPENTELEMETRY = "OTEL_"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings, and the environment variables that the exporters read when they are made."""

    settings: Settings
    environment: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> Configuration:
        """Return the configuration with these settings in the current environment."""
        prefixes = (
            OPENTELEMETRY,
            *(f"{choice.name.upper()}_" for choice in settings.exporters if choice.name),
        )
        read = {name: value for name, value in os.environ.items() if name.upper().startswith(prefixes)}
        return cls(settings, read)

    def is_same_as(self, other: Configuration) -> bool:
        """Return whether exporters made from the other one would behave in the same way.

        Exporters are compared by name and options, or by identity if they are objects.
        """
        mine, its = self.settings, other.settings
        return (
            self.environment == other.environment
            and all(
                _same(getattr(mine, name), getattr(its, name))
                for name in type(mine).model_fields
                if name != "exporters"
            )
            and len(mine.exporters) == len(its.exporters)
            and all(_chosen_alike(*pair) for pair in zip(mine.exporters, its.exporters, strict=True))
        )


def _chosen_alike(one: ExporterChoice, other: ExporterChoice) -> bool:
    return (
        one.name == other.name
        and one.instance is other.instance
        and one.options.keys() == other.options.keys()
        and all(_same(option.value, other.options[name].value) for name, option in one.options.items())
    )


def _same(one: object, other: object) -> bool:
    if one is other:
        return True
    if isinstance(one, FunctionType) and isinstance(other, FunctionType):
        return _do_the_same(one, other, set())
    # An option may be an object of the app, of any class: comparing it may raise, or return no bool.
    equal, _ = guard.catch(operator.eq, one, other)
    return type(one) is type(other) and equal is True


def _do_the_same(one: FunctionType, other: FunctionType, compared: set[CodeType]) -> bool:
    """Return whether two functions have the same code, and so have all functions that it names.

    A cell of a notebook that runs again, or Streamlit, makes its functions again.
    """
    if one.__code__ != other.__code__:
        return False
    if one.__code__ in compared:  # it calls itself
        return True
    compared.add(one.__code__)
    return all(
        _do_the_same(mine, its, compared)
        if isinstance(mine, FunctionType) and isinstance(its, FunctionType)
        else _same(mine, its)
        for mine, its in zip(_used(one), _used(other), strict=True)
    )


def _used(function: FunctionType) -> Iterator[object]:
    """Yield the values that a function was made with and names outside of itself; None for a missing one."""
    yield function.__defaults__
    yield function.__kwdefaults__
    for cell in function.__closure__ or ():
        content, _ = guard.catch(getattr, cell, "cell_contents")
        yield content
    yield from (function.__globals__.get(name) for name in sorted(_names(function.__code__)))


def _names(code: CodeType) -> set[str]:
    """Return the names of globals and attributes in the code, and in the functions defined in it."""
    within = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_names, within))
