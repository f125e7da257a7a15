"""Makes the page of events and the JSON Schema, from `threadtrail.events`, `values` and the samples."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from typing import Any, get_args

from threadtrail import events, turn, values
from threadtrail.testing.samples import sample_events

# Classes whose `type` depends on a status have no default for it.
OPEN_TYPES = {"RunStatusChanged": "thread.run.<status>", "StepCompleted": "thread.run.step.<status>"}
TYPES_OF_RESPONSES = {
    "RunCreated": "response.created",
    "RunStatusChanged": "response.<status>",
    "StepCreated": "response.output_item.added",
    "StepCompleted": "response.output_item.done",
    "MessageCompleted": "response.output_item.done",
    "RunEnded": "response.ended",
}
"""The types for Responses of events whose default is the type for an assistant's run."""

RESPONSES = {"A response": "resp_plain_response", "A response with tools of the app": "resp_answered_calls"}
"""More examples of ``RunEnded``: their titles, and the ids of their runs."""

ATTRIBUTES = "Attributes:\n"
"""The heading of the section of a docstring that describes the fields."""

VALUES = (
    values.Run,
    values.Step,
    values.ToolCall,
    values.Message,
    *get_args(values.Part),
    values.Usage,
    values.Failure,
    values.Assistant,
    values.RunRequest,
    values.StatusChange,
    values.Attributes,
    values.Caller,
    values.Carried,
    turn.Turn,
    turn.TimeSpent,
)

HEAD = """\
<!-- written by tools/make_docs.py, all of it -->

# Events

Exporters receive these events. They are the same for every backend.

Every event is a frozen dataclass; fields are only ever added, with defaults. Times are Unix nanoseconds.

For one run in one process there is one `RunCreated`, one `RunStatusChanged` per real change, one
`StepCompleted` per step, one `ToolCallRequested` and one `ToolCallCompleted` per tool call, and, last, one
`RunEnded`. It does not matter how the app mixes create, poll, stream, list and retrieve. `RunEnded` alone is
enough for most exporters: it carries the whole run.

Two things may follow a run's `RunEnded`:

- A response that asked your program for calls may be published before it has their outputs: see [good to
  know](good-to-know.md#responses). The `ToolCallCompleted` of each call that was still open comes later.
- A run that was published as unfinished (`run.finished` is false) may be seen to finish. Its other events
  follow, and a second `RunEnded`, with `supersedes`. Only the usage of that one counts.

A run is a run of an assistant, or a response (`one_generation` is true). For a response, a thread is a
conversation, a step is an output item, and an assistant is a stored prompt.

`event.to_json()` writes one line of JSON, `Event.from_json(line)` reads it back without loss, and
[`schema/events.schema.json`](schema/events.schema.json) describes it.

## The events

Every event has these fields:

{common}

The `type` in the table is that of Assistants. Responses have `response.created` (`RunCreated`),
`response.<status>` (`RunStatusChanged`), `response.output_item.added` and `response.output_item.done` (steps
and messages), `response.ended` (`RunEnded`), `conversation.created`, `conversation.deleted` and
`conversation.item.created`.

| Event, and its `type` | Fields of its own | Meaning |
|---|---|---|
"""


VALUES_HEAD = """\
`capture_content = false` removes the fields marked *content*; `redact` is called with each text in them."""

EXAMPLES = """\
One event of each class, and two responses. Empty fields (`null`, `[]`, `{}`) are left out here;
`to_json()` writes them."""


def schema() -> str:
    """Return the JSON Schema of an event."""
    return json.dumps(events.json_schema(), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """Return the page: a table of the events, a table of each value, an example of each event."""
    common = dataclasses.fields(events.Event)
    head = HEAD.format(common="\n".join(_field_rows(events.Event)))
    names = {field.name for field in common}
    rows = [_event_row(kind, names) for kind in events.EVENT_CLASSES]
    tables = [_value_table(kind) for kind in VALUES]
    examples = [_example(kind.__name__, *_of_class(kind)) for kind in events.EVENT_CLASSES]
    examples += [_example(title, *_of_run(run_id)) for title, run_id in RESPONSES.items()]
    return "\n".join(
        [
            head + "\n".join(rows),
            "",
            "## The values",
            "",
            VALUES_HEAD,
            "",
            *tables,
            "## Examples",
            "",
            EXAMPLES,
            "",
            *examples,
        ]
    )


def _event_row(kind: type[events.Event], common: set[str]) -> str:
    own = [f"`{field.name}`" for field in dataclasses.fields(kind) if field.name not in common]
    name, type_ = kind.__name__, OPEN_TYPES.get(kind.__name__) or _default_type(kind)
    types = [f"`{each}`" for each in (type_, TYPES_OF_RESPONSES.get(name)) if each]
    meaning = " ".join(_paragraphs(kind)).replace("``", "`")
    return f"| [`{name}`](#{name.lower()})<br>{'<br>'.join(types)} | {', '.join(own) or '—'} | {meaning} |"


def _default_type(kind: type[events.Event]) -> str:
    (field,) = [field for field in dataclasses.fields(kind) if field.name == "type"]
    return str(field.default)


def _value_table(kind: Any) -> str:
    rows = [
        f"### {kind.__name__}",
        "",
        "\n\n".join(_paragraphs(kind)),
        "",
        *_field_rows(kind),
    ]
    if properties := _properties(kind):
        rows += ["", "Properties in Python, which are not part of the JSON:", "", *properties]
    return "\n".join([*rows, ""])


def _field_rows(kind: Any) -> list[str]:
    """Return a table of the fields of a class."""
    rows = ["| Field | Type | Meaning |", "|---|---|---|"]
    meanings = _meanings(kind)
    for field in dataclasses.fields(kind):
        content = "*content*" if field.metadata.get("content") else ""
        meaning = "; ".join(filter(None, [content, meanings.get(field.name, "").rstrip(".")]))
        rows.append(f"| `{field.name}` | {_type_name(field.type)} | {meaning} |")
    return rows


def _properties(kind: Any) -> list[str]:
    """Return a line for each property that the class has in addition to its fields."""
    return [
        f"- `{name}`: `{_returned(found)}`. {_paragraphs(found)[0]}"
        for name, found in vars(kind).items()
        if isinstance(found, property)
    ]


def _returned(found: property) -> str:
    return str(inspect.signature(found.fget).return_annotation) if found.fget else "Any"


def _type_name(annotation: Any) -> str:
    """Return a type as code; a bar is an entity, since some renderers split tables at bars in backticks."""
    name = str(annotation)
    return f"<code>{name.replace('|', '&#124;')}</code>" if "|" in name else f"`{name}`"


def _paragraphs(kind: Any) -> list[str]:
    """Return the paragraphs of a docstring before its section of attributes."""
    text = _docstring(kind).partition(ATTRIBUTES)[0].rstrip()
    return [re.sub(r"\s*\n\s*", " ", paragraph) for paragraph in text.split("\n\n")]


def _meanings(kind: Any) -> dict[str, str]:
    """Return the descriptions of fields in the docstring of a class, by name."""
    section = inspect.cleandoc(_docstring(kind).partition(ATTRIBUTES)[2])
    entries = (entry.partition(": ") for entry in re.split(r"\n(?=\w)", section))
    return {name: re.sub(r"\s*\n\s*", " ", meaning) for name, _, meaning in entries}


def _docstring(kind: Any) -> str:
    return (inspect.getdoc(kind) or "").replace("``", "`")


def _of_class(kind: type[events.Event]) -> list[events.AnyEvent]:
    return [event for event in sample_events() if type(event) is kind][:1]


def _of_run(run_id: str) -> list[events.AnyEvent]:
    """Return the end of a run, if it is among the samples."""
    return [
        event for event in sample_events() if isinstance(event, events.RunEnded) and event.run_id == run_id
    ]


def _example(title: str, sample: events.Event) -> str:
    text = json.dumps(without_empty(json.loads(sample.to_json())), indent=2, ensure_ascii=False)
    return f"### {title}\n\n```json\n{_compact(text)}\n```\n"


def without_empty(value: Any) -> Any:
    """Return the value without its empty fields, at any depth."""
    if isinstance(value, dict):
        items = ((key, without_empty(item)) for key, item in value.items())
        return {key: item for key, item in items if item is not None and item not in ([], {})}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


def _compact(text: str) -> str:
    """Put innermost objects and arrays that are short on one line."""
    innermost = re.compile(r"([\[{])\n\s+([^\[\]{}]{1,110}?)\n\s+([\]}])")
    return innermost.sub(lambda found: found[1] + re.sub(r"\n\s+", " ", found[2]) + found[3], text)
