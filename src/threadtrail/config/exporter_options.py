"""Checks an exporter's options against the signature of its factory, and converts their values."""

from __future__ import annotations

import enum
import inspect
import json
import os
import types
import typing
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter, ValidationError

from threadtrail.config.choice import DEFAULT, Option
from threadtrail.config.layers import variable_prefix
from threadtrail.config.problems import Problem, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from inspect import Parameter

    from pydantic_core import ErrorDetails

    from threadtrail.config.problems import Problems

_PLAIN = (str, bytes, bool, int, float, list, tuple, dict)
_CONFIG = ConfigDict(arbitrary_types_allowed=True)


def checked(
    exporter: str, factory: Callable[..., Any], options: Mapping[str, Option], problems: Problems
) -> dict[str, Any]:
    """Return the values to call ``factory`` with; add what is wrong to ``problems``.

    A value is converted to the annotation of its parameter, since the environment has text only. Objects that
    neither a file nor a variable can hold (a client, a stream) are passed unchanged.
    """
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # written in C, without a signature
        return {name: option.value for name, option in options.items()}
    named = {name: parameter for name, parameter in parameters.items() if _takes_keyword(parameter)}
    rest = next((item for item in parameters.values() if item.kind is item.VAR_KEYWORD), None)
    values: dict[str, Any] = {}
    for name, option in options.items():
        parameter = named.get(name, rest)
        if parameter is None:
            problems.add(unknown_name("option", name, option.value, option.origin, named))
        else:
            values[name] = _converted(name, option, _type(factory, parameter), problems)
    for name, parameter in named.items():
        if parameter.default is parameter.empty and name not in options:
            problems.add(_missing(exporter, name))
    return values


def with_defaults(factory: Callable[..., Any], options: Mapping[str, Option]) -> dict[str, Option]:
    """Return the options, with the defaults of those that are not set."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # written in C, without a signature
        return dict(options)
    defaults = {
        name: Option(parameter.default, DEFAULT)
        for name, parameter in parameters.items()
        if parameter.default is not parameter.empty
    }
    return defaults | dict(options)


def _takes_keyword(parameter: Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)


def _type(factory: Callable[..., Any], parameter: Parameter) -> Any:
    """Return the parameter's type; ``Any`` if the signature does not have it."""
    annotation = parameter.annotation
    if annotation is parameter.empty:
        known = isinstance(parameter.default, (bool, int, float))
        return type(parameter.default) if known else Any
    function = factory.__init__ if inspect.isclass(factory) else factory
    names = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        # One at a time: a name that is only imported for type checkers must not hide the other types.
        return get_type_hints(
            SimpleNamespace(__annotations__={"it": annotation}), names, include_extras=True
        )["it"]
    except (AttributeError, NameError, SyntaxError, TypeError):
        return Any


def _converted(name: str, option: Option, kind: Any, problems: Problems) -> Any:
    if option.value is not None and not isinstance(option.value, _PLAIN):
        return option.value
    adapter = _adapter(kind)
    if adapter is None:
        return option.value
    errors: list[ErrorDetails] = []
    for reading in _readings(option):
        try:
            return adapter.validate_python(reading)
        except ValidationError as error:
            errors += error.errors(include_url=False, include_input=False)[:1]
    problems.add(Problem(name, option.value, option.origin, _says(in_words(kind), errors, option)))
    return option.value


def _says(allowed: str | None, errors: Sequence[ErrorDetails], option: Option) -> str:
    """Return what is wrong with a value: with something in a table or a list, or with the whole."""
    inner = [error for error in errors if error["loc"]] if allowed in {TABLE, LIST} else []
    if inner or allowed is None:
        wrong = (inner or errors)[0]
        return f"it is not valid: {': '.join([*map(str, wrong['loc']), wrong['msg']])}."
    as_json = ', written as JSON: {"name": ...}' if allowed == TABLE and option.is_text else ""
    return f"it must be {allowed}{as_json}."


def _readings(option: Option) -> Iterator[Any]:
    """Yield the value; if it is text of the environment, also as JSON and as a list with commas."""
    yield option.value
    if option.is_text:
        try:
            yield json.loads(option.value)
        except ValueError:
            yield [item.strip() for item in option.value.split(",")]


def _adapter(kind: Any) -> TypeAdapter[Any] | None:
    """Return the adapter that checks values of this type; None if pydantic cannot check it (a Protocol)."""
    for config in (_CONFIG, None):  # a model or dataclass has its own and refuses another
        try:
            return TypeAdapter(kind, config=config)
        except (PydanticUserError, PydanticUndefinedAnnotation):
            continue
    return None


def _missing(exporter: str, name: str) -> Problem:
    return Problem(
        name,
        says="it is required.",
        advice=f"Set the environment variable {variable_prefix(exporter)}{name.upper()}, or "
        f'exporters={{"{exporter}": {{"{name}": ...}}}}.',
    )


_PLAIN_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
}

TABLE, LIST = "a table", "a list"

_OPAQUE = (Any, Annotated)
"""Types whose class says nothing about allowed values."""


def in_words(kind: Any) -> str | None:
    """Return what is allowed, as text; None for a type with checks of its own."""
    if kind in _PLAIN_WORDS:
        return _PLAIN_WORDS[kind]
    origin = get_origin(kind)
    if origin is Literal:
        return _either([repr(value) for value in get_args(kind) if value is not None], " or ")
    if origin in {typing.Union, types.UnionType}:
        members = [in_words(member) for member in get_args(kind) if member is not type(None)]
        words = [member for member in members if member is not None]
        return _either(words, ", or " if " or " in words[0] else " or ") if words == members else None
    return _class(origin or kind)


def _class(kind: Any) -> str | None:
    if not inspect.isclass(kind) or kind in _OPAQUE or issubclass(kind, enum.Enum):
        return None
    if issubclass(kind, os.PathLike):
        return "a path"
    if issubclass(kind, Mapping):
        return TABLE
    if issubclass(kind, Collection):
        return LIST
    # Models, dataclasses and the like are made from a table, and have their own messages.
    return None if getattr(kind, "__annotations__", None) else f"a value of type {kind.__name__}"


def _either(words: list[str], last: str) -> str:
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
