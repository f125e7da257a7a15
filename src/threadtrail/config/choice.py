"""The forms in which exporters can be chosen, and the one form they are brought into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail._text import assigned
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOWED = (
    "a name, a list of names and exporter objects, or a table of names with their options, "
    'such as {"jsonl": {"path": "runs.jsonl"}, "console": {}}'
)

ENVIRONMENT = "environment variable"
"""How the origin of all that comes from the environment begins: there, every value is text."""

NO_EXPORTERS = "none"
"""Alone in place of a name: no exporters at all (as in OpenTelemetry's own variables)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an exporter, and where it came from (for messages). The value is never in its repr."""

    value: Any = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True)
class ExporterChoice:
    """One chosen exporter: a ``name`` with ``options``, or an ``instance`` (its ``name`` may be None).

    ``origin`` says in messages where it was chosen.
    """

    name: str | None
    instance: object | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    origin: str = "default"


def choices(value: object, origin: str) -> tuple[ExporterChoice, ...]:
    """Return what ``value`` chooses; ``origin`` says in messages where it came from.

    Raises:
        ConfigurationError: the value has none of the allowed forms.
    """
    return tuple(_choices(value, origin))


def _choices(value: object, origin: str) -> Iterator[ExporterChoice]:
    if isinstance(value, str):
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not names:
            raise _wrong("exporters", value, origin, f"{ALLOWED}; an empty list for no exporters at all")
        if names != [NO_EXPORTERS]:
            yield from (ExporterChoice(name, origin=origin) for name in names)
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _entry(name, entry, origin)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _choices(item, origin)
    else:
        yield ExporterChoice(None, _instance(value, "exporters", origin), origin=origin)


def _entry(name: object, entry: object, origin: str) -> Iterator[ExporterChoice]:
    """Yield what one line of a table chooses: options, true or false, or an object under its own name."""
    if not isinstance(name, str):
        raise _wrong("exporters", name, origin, "the name of an exporter, as text")
    if isinstance(entry, Mapping):
        if strange := [option for option in entry if not isinstance(option, str)]:
            raise _wrong(f"exporters.{name}", strange[0], origin, "options by name, the name as text")
        options = {key: Option(value, origin) for key, value in entry.items()}
        yield ExporterChoice(name, options=options, origin=origin)
    elif entry is True or entry is None:
        yield ExporterChoice(name, origin=origin)
    elif entry is not False:
        yield ExporterChoice(name, _instance(entry, f"exporters.{name}", origin), origin=origin)


def _instance(value: object, key: str, origin: str) -> object:
    if isinstance(value, type):
        allowed = f"an object, not a class: write {value.__name__}(...) and not {value.__name__}"
        raise _wrong(key, value, origin, allowed)
    if value is None or isinstance(value, (str, bytes, int, float, list, tuple)):
        by_name = f'a table of options ({key} = {{option = "value"}}), true, or false'
        raise _wrong(key, value, origin, ALLOWED if key == "exporters" else by_name)
    return value


def _wrong(key: str, value: object, origin: str, allowed: str) -> ConfigurationError:
    return ConfigurationError(f"{assigned(key, value)} ({origin}) is not valid. Allowed: {allowed}.")
