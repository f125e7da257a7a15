"""Events to JSON and back, by pydantic: without loss, and with a published schema."""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any

from pydantic import Discriminator, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from threadtrail.events import AnyEvent, Event


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
    event: AnyEvent
    try:
        event = _adapter().validate_json(line)
    except ValidationError as error:
        # Pydantic writes values that are nested deeper than it reads.
        if "recursion limit" in str(error):
            event = _adapter().validate_python(json.loads(line))
            return event
        raise ValueError(f"not an event of threadtrail: {error}") from error
    return event


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the union of all events."""
    described = _adapter().json_schema(mode="serialization", schema_generator=_SchemaGenerator)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "threadtrail event",
        **described,
    }
