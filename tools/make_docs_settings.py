"""Makes the table of settings, from `threadtrail.config.settings.Settings` and its docstrings."""

from __future__ import annotations

import ast
import inspect
import itertools
from typing import TYPE_CHECKING, get_args

from make_docs_exporters import default

import threadtrail
from threadtrail.config.settings import Allowed, Seconds, Settings, Switch

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

SAID_BELOW = {item for kind in (Seconds, Switch) for item in get_args(kind) if isinstance(item, Allowed)}
"""The settings that the page describes together, below the table."""


def table() -> str:
    """Return a table with a row for each setting."""
    meanings = docstrings(Settings)
    keywords = inspect.signature(threadtrail.instrument).parameters
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for key, field in Settings.model_fields.items():
        name = f"`{key}`<br>" + (
            "<small>keyword only</small>" if _is_function(field) else f"`THREADTRAIL_{key.upper()}`"
        )
        meaning = [meanings[key], _allowed(field), "" if key in keywords else "Not a keyword."]
        rows.append(f"| {name} | {_default(field)} | {' '.join(filter(None, meaning))} |")
    return "\n".join(rows)


def docstrings(kind: type) -> dict[str, str]:
    """Return the docstring of each field of a class, on one line."""
    nodes = ast.walk(ast.parse(inspect.getsource(kind)))
    body = next(node.body for node in nodes if isinstance(node, ast.ClassDef))
    texts = {}
    for field, below in itertools.pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = " ".join(text.replace("``", "`").split())
    return texts


def _is_function(field: FieldInfo) -> bool:
    return "Callable" in str(field.annotation)


def _allowed(field: FieldInfo) -> str:
    within = (item for member in get_args(field.annotation) for item in getattr(member, "__metadata__", ()))
    for item in (*field.metadata, *within):
        if isinstance(item, Allowed) and item not in SAID_BELOW:
            return f"{item[0].upper()}{item[1:]}."
    return ""


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, tuple):
        return ", ".join(f"`{choice.name}`" for choice in value) or "`[]`"
    return default(value)
