"""The page of events and the JSON Schema, from `threadtrail.events`, `threadtrail.values` and the samples."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from typing import Any, get_args

from threadtrail import events, values
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
"""Where the default is the type of an assistant's run."""

RESPONSES = {"A response": "resp_plain_response", "A response with tools of the app": "resp_answered_calls"}
"""More examples of ``RunEnded``: their titles, and whose they are."""

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
)

HEAD = """\
<!-- written by tools/make_docs.py, all of it -->

# Events

What exporters receive, the same whatever the backend.

Every event is a frozen dataclass; fields are only ever added, with defaults. Times are Unix nanoseconds.

For one run in one process there is one `RunCreated`, one `RunStatusChanged` per real change, one
`StepCompleted` per step, one `ToolCallRequested` and one `ToolCallCompleted` per tool call, and one
`RunEnded`, last of all, whatever mixture of create, poll, stream, list and re-fetch the app used.
`RunEnded` alone is enough for most exporters: it carries the whole run.

A run is a run of an assistant, or a response (`one_generation` is true): then a thread is a conversation, a
step is an output item, and an assistant is a stored prompt.

`event.to_json()` writes one line of JSON, `Event.from_json(line)` reads it back without loss, and
[`schema/events.schema.json`](schema/events.schema.json) describes it.

## The events

Fields that every event has: {common}.

{common_meaning}

The `type` in the table is that of Assistants. Responses have `response.created` (`RunCreated`),
`response.<status>` (`RunStatusChanged`), `response.output_item.added` and `response.output_item.done` (steps
and messages), `response.ended` (`RunEnded`), `conversation.created`, `conversation.deleted` and
`conversation.item.created`. A call that a response asks your program for may be completed after its
`RunEnded`: see [good to know](good-to-know.md#responses).

| Event, and its `type` | Fields of its own | Meaning |
|---|---|---|
"""


EXAMPLES = """\
One of each, and two responses. What holds nothing (`null`, `[]`, `{}`) is left out; `to_json()` writes it."""


def schema() -> str:
    """The JSON Schema of an event."""
    return json.dumps(events.json_schema(), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """The page: a table of the events, a table of each value, an example of each event."""
    common = dataclasses.fields(events.Event)
    head = HEAD.format(
        common=", ".join(f"`{field.name}`" for field in common),
        common_meaning=_paragraphs(events.Event)[-1],
    )
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
            "`capture_content = false` leaves out what is marked as content; `redact` sees each text in it.",
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
        "| Field | Type | Content |",
        "|---|---|---|",
    ]
    for field in dataclasses.fields(kind):
        content = "yes" if field.metadata.get("content") else ""
        rows.append(f"| `{field.name}` | `{_type_name(field.type)}` | {content} |")
    if properties := _properties(kind):
        rows += ["", "Worked out from these, for Python; not part of the JSON:", "", *properties]
    return "\n".join([*rows, ""])


def _properties(kind: Any) -> list[str]:
    """A line for each property that the class has besides its fields."""
    return [
        f"- `{name}`: `{_returned(found)}`. {_paragraphs(found)[0]}"
        for name, found in vars(kind).items()
        if isinstance(found, property)
    ]


def _returned(found: property) -> str:
    return str(inspect.signature(found.fget).return_annotation) if found.fget else "Any"


def _type_name(annotation: Any) -> str:
    return str(annotation).replace("|", "\\|")


def _paragraphs(kind: Any) -> list[str]:
    text = (inspect.getdoc(kind) or "").replace("``", "`")
    return [re.sub(r"\s*\n\s*", " ", paragraph) for paragraph in text.split("\n\n")]


def _of_class(kind: type[events.Event]) -> list[events.AnyEvent]:
    return [event for event in sample_events() if type(event) is kind][:1]


def _of_run(run_id: str) -> list[events.AnyEvent]:
    """The end of a run, if it is among the samples."""
    return [
        event for event in sample_events() if isinstance(event, events.RunEnded) and event.run_id == run_id
    ]


def _example(title: str, sample: events.Event) -> str:
    text = json.dumps(told(json.loads(sample.to_json())), indent=2, ensure_ascii=False)
    return f"### {title}\n\n```json\n{_compact(text)}\n```\n"


def told(value: Any) -> Any:
    """The value without what says nothing."""
    if isinstance(value, dict):
        items = ((key, told(item)) for key, item in value.items())
        return {key: item for key, item in items if item is not None and item not in ([], {})}
    return [told(item) for item in value] if isinstance(value, list) else value


def _compact(text: str) -> str:
    """Put innermost objects and arrays that are short on one line."""
    innermost = re.compile(r"([\[{])\n\s+([^\[\]{}]{1,110}?)\n\s+([\]}])")
    return innermost.sub(lambda found: found[1] + re.sub(r"\n\s+", " ", found[2]) + found[3], text)
