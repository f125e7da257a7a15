"""Makes the reference of what `threadtrail` exports, from docstrings: functions, what they return, errors."""

from __future__ import annotations

import inspect
import re
from typing import Any

import threadtrail
from threadtrail.delivery.status import LaneStatus
from threadtrail.runtime import Status

EXPORTED = (
    threadtrail.instrument,
    threadtrail.Instrumentation,
    threadtrail.trace,
    threadtrail.attributes,
    threadtrail.tool,
    threadtrail.carrier,
    threadtrail.carried,
    threadtrail.turn_id,
    threadtrail.status,
    Status,
    LaneStatus,
    threadtrail.flush,
    threadtrail.shutdown,
    threadtrail.lifespan,
    threadtrail.merge,
    threadtrail.uninstrument,
    threadtrail.ConfigurationError,
    threadtrail.CheckError,
    threadtrail.EventsLostError,
)
KEYWORDS = "Its keywords are the [settings](configuration.md#settings)."


def reference() -> str:
    """Return a heading, the signature and the docstring of each export."""
    return "\n\n".join(map(_entry, EXPORTED))


def _entry(item: Any) -> str:
    text = markdown(inspect.getdoc(item) or "")
    if inspect.isclass(item):
        return "\n\n".join([f"### {item.__name__}", text, *_members(item)])
    if item is threadtrail.instrument:
        return f"### {item.__name__}\n\n{text}\n\n{KEYWORDS}"
    return f"### {item.__name__}\n\n`{item.__name__}{_signature(item)}`\n\n{text}"


def _members(kind: type) -> list[str]:
    """Return the methods and properties of a class of ours, one line each."""
    rows = [
        f"- `{name}`: {markdown(inspect.getdoc(member) or '')}"
        for name, member in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    ]
    return ["\n".join(rows)] if rows else []


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown, with returns and errors as sentences and without its arguments."""
    text = re.sub(r"^Args:\n(?: +.*\n|\n(?= ))*", "", docstring + "\n", flags=re.MULTILINE)
    text = re.sub(r"^Returns:\n +(.*(?:\n +.*)*)", r"Returns: \1", text, flags=re.MULTILINE)
    text = re.sub(r"^Raises:\n +(\w+): (.*(?:\n +.*)*)", r"Raises `\1`: \2", text, flags=re.MULTILINE)
    paragraphs = re.split(r"\n\s*\n", text.strip().replace("``", "`"))
    return "\n\n".join(_paragraph(paragraph) for paragraph in paragraphs).replace("::\n\n```", ":\n\n```")


def _paragraph(text: str) -> str:
    """Return a paragraph on one line, a list with a line per item, or an indented one as a code block."""
    if text.startswith("    "):
        return f"```text\n{inspect.cleandoc(text)}\n```"
    return "\n".join(" ".join(item.split()) for item in re.split(r"\n(?=- )", text))
