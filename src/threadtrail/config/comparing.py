"""Whether two configurations are the same, so that `instrument()` called again has nothing to change."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail._guard import guard
from threadtrail.config.settings import Settings

if TYPE_CHECKING:
    from threadtrail.config.choice import ExporterChoice

OPENTELEMETRY = "OTEL_"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings, and the environment variables that the exporters read by themselves when they are made."""

    settings: Settings
    environment: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> Configuration:
        """Return the configuration with these settings in the environment of this moment."""
        prefixes = (
            OPENTELEMETRY,
            *(f"{choice.name.upper()}_" for choice in settings.exporters if choice.name),
        )
        read = {name: value for name, value in os.environ.items() if name.upper().startswith(prefixes)}
        return cls(settings, read)

    def is_same_as(self, other: Configuration) -> bool:
        """Return whether exporters made by the other one would do the same.

        Exporters are compared by name and options, or by identity where they are objects.
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
    # An option may be an object of the app, of any class: comparing it may raise, or return no bool.
    equal, _ = guard.catch(operator.eq, one, other)
    return type(one) is type(other) and equal is True
