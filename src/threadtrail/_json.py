"""Events to JSON and back, by pydantic: without loss, and with a published schema."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import Discriminator, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from threadtrail._text import escaped
from threadtrail.events import AnyEvent, Event

NOT_AN_EVENT = "not an event of threadtrail"
NUMBER_LIMIT = 2**63
_LONG_NUMBER = re.compile(rb'":\s*-?(?:\d{20}|9\d{18})')
"""A number that may have more than 64 bits; the times of events are shorter until the year 2255."""


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[AnyEvent, Discriminator("event")])


@cache
def _writer(event_class: Any) -> TypeAdapter[Any]:
    """Return the adapter of a class, which may be an event class of another package."""
    return TypeAdapter(event_class)


class _SchemaGenerator(GenerateJsonSchema):
    """Leaves the empty-mapping defaults out of the schema instead of warning about each."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - pydantic's own annotation


def dump(event: Event) -> str:
    """Write one event as one line of JSON, defaults included, so that a reader needs no schema."""
    event_class: Any = type(event)
    return _writer(event_class).dump_json(event).decode()


def load(line: str | bytes) -> AnyEvent:
    """Read one event back; raise ValueError that describes what is wrong with the line."""
    line = line.removeprefix("\ufeff") if isinstance(line, str) else line.removeprefix(BOM_UTF8)
    event: AnyEvent
    try:
        event = _adapter().validate_json(line)
    except ValidationError as error:
        if "recursion limit" not in str(error):
            raise ValueError(_refusal(error)) from error
        event = _deep(line)
    if _LONG_NUMBER.search(line if isinstance(line, bytes) else line.encode()):
        _check_numbers(event)
    return event


def _deep(line: str | bytes) -> AnyEvent:
    """Read an event whose values are nested deeper than pydantic reads, though it writes them."""
    try:
        event: AnyEvent = _adapter().validate_python(json.loads(line))
    except ValidationError as error:
        raise ValueError(_refusal(error)) from error
    except RecursionError as error:
        raise ValueError(f"{NOT_AN_EVENT}: it is nested too deep") from error
    except ValueError as error:
        raise ValueError(f"{NOT_AN_EVENT}: {error}") from error
    return event


def _refusal(error: ValidationError) -> str:
    """Return the first reason, without the values of the line, which may be anyone's content."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    if not place and first["type"] == "union_tag_invalid":
        return f"{NOT_AN_EVENT}: this version knows no event {str(first['ctx']['tag'])[:100]!r}"
    if not place and first["type"] == "union_tag_not_found":
        return f"{NOT_AN_EVENT}: its field 'event' is missing"
    return escaped(f"{NOT_AN_EVENT}: {f'{place}: ' if place else ''}{first['msg']}")


def _check_numbers(value: Any) -> None:
    """Raise ValueError if a number in an event does not fit into 64 bits: no backend takes it.

    A field that holds any JSON, such as ``tool_choice``, is kept as the app or the server sent it.
    """
    if isinstance(value, tuple):
        for item in value:
            _check_numbers(item)
    elif is_dataclass(value):
        for field in fields(value):
            of_field = getattr(value, field.name)
            is_number = isinstance(of_field, int) and field.type != "JsonValue"
            if is_number and not -NUMBER_LIMIT <= of_field < NUMBER_LIMIT:
                raise ValueError(f"{NOT_AN_EVENT}: {field.name}: the number has more than 64 bits")
            _check_numbers(of_field)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the union of all events."""
    described = _adapter().json_schema(mode="serialization", schema_generator=_SchemaGenerator)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "threadtrail event",
        **described,
    }
