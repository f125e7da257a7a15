"""The forms in which exporters can be chosen, converted to one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail.config.problems import Problem, error_of
from threadtrail.config.trust import Distrust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.errors import ConfigurationError

ALLOWED = (
    "a name, a list of names and exporter objects, or a table of names with their options, "
    'such as {"jsonl": {"path": "runs.jsonl"}, "console": {}}'
)

KEYWORD = "keyword argument"
ENVIRONMENT = "environment variable"
DEFAULT = "default"

NO_EXPORTERS = "none"
"""Alone instead of a name: no exporters at all (as in OpenTelemetry's own variables)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an exporter, and where it was set. Its repr does not show the value."""

    value: Any = field(repr=False)
    origin: str
    is_text: bool = False
    """Whether it comes from the environment, where every value is text."""
    distrust: Distrust | None = None
    """Why the file that it comes from is not trusted."""


@dataclass(frozen=True, slots=True)
class ExporterChoice:
    """One chosen exporter: a ``name`` with ``options``, or an ``instance`` (its ``name`` may be None).

    ``origin`` is the place where it was chosen, for messages; ``distrust`` is why that place, a file, is not
    trusted.
    """

    name: str | None
    instance: object | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    origin: str = DEFAULT
    distrust: Distrust | None = None


def choices(value: object, origin: str) -> tuple[ExporterChoice, ...]:
    """Return the exporters that ``value`` chooses; ``origin`` is the place where it was set, for messages.

    Raises:
        ConfigurationError: the value has none of the allowed forms.
    """
    return tuple(_choices(value, origin))


def _choices(value: object, origin: str) -> Iterator[ExporterChoice]:
    if isinstance(value, str):
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not names:
            raise _must("exporters", value, origin, f"be {ALLOWED}; for no exporters at all, an empty list")
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
    """Yield the choice of one entry of a table: options, true or false, or an object under a name."""
    if not isinstance(name, str):
        raise _must("exporters", name, origin, "be the name of an exporter, as text")
    if isinstance(entry, Mapping):
        if strange := [option for option in entry if not isinstance(option, str)]:
            raise _must(f"exporters.{name}", strange[0], origin, "be the name of an option, as text")
        options = {key: Option(value, origin) for key, value in entry.items()}
        yield ExporterChoice(name, options=options, origin=origin)
    elif entry is True or entry is None:
        yield ExporterChoice(name, origin=origin)
    elif entry is not False:
        yield ExporterChoice(name, _instance(entry, f"exporters.{name}", origin), origin=origin)


def _instance(value: object, key: str, origin: str) -> object:
    if isinstance(value, type):
        name = value.__name__
        raise _must(key, value, origin, f"be an object, not a class: write {name}(...) and not {name}")
    if value is None or isinstance(value, (str, bytes, int, float, list, tuple)):
        by_name = f'a table of options ({key} = {{option = "value"}}), true, or false'
        raise _must(key, value, origin, f"be {ALLOWED if key == 'exporters' else by_name}")
    return value


def _must(key: str, value: object, origin: str, allowed: str) -> ConfigurationError:
    return error_of(Problem(key, value, origin, says=f"it must {allowed}."))
