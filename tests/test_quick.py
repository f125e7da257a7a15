"""Values and events are constructed quickly, and as `dataclass` itself would."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from typing import Any

import pytest

from threadtrail._quick import changed, construct_quickly
from threadtrail.events import EVENT_CLASSES
from threadtrail.values import (
    Assistant,
    Attributes,
    Failure,
    Message,
    Run,
    RunRequest,
    StatusChange,
    Step,
    ToolCall,
    Usage,
)

CLASSES = [Usage, Failure, Message, ToolCall, Step, Assistant, RunRequest, StatusChange, Run, *EVENT_CLASSES]


def made_by_dataclass(cls: Any) -> Any:
    """Return the class with the constructor that `dataclass` makes."""
    fields = [
        (field.name, field.type, dataclasses.field(default=field.default))
        for field in dataclasses.fields(cls)
    ]
    return dataclasses.make_dataclass(cls.__name__, fields, frozen=True, kw_only=True)


@pytest.mark.parametrize("cls", CLASSES)
def test_each_class_is_constructed_as_dataclass_would(cls: Any) -> None:
    other = made_by_dataclass(cls)
    parameters = inspect.signature(cls).parameters
    assert [(name, each.kind, each.default) for name, each in parameters.items()] == [
        (name, each.kind, each.default) for name, each in inspect.signature(other).parameters.items()
    ]
    given = {name: object() for name in parameters}
    value = cls(**given)
    assert {name: getattr(value, name) for name in given} == given
    needed = {name: None for name, each in parameters.items() if each.default is inspect.Parameter.empty}
    assert repr(cls(**needed)).partition("(")[2] == repr(other(**needed)).partition("(")[2]
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        cls(**needed, other=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, next(iter(given)), None)


def test_such_values_are_copied_and_pickled() -> None:
    usage = Usage(input_tokens=1, output_tokens=2, total_tokens=3)
    pickled = pickle.dumps(usage)
    assert pickle.loads(pickled) == copy.copy(usage) == copy.deepcopy(usage) == usage  # noqa: S301 - our own
    assert dataclasses.replace(usage, input_tokens=5).input_tokens == 5


@pytest.mark.parametrize("cls", CLASSES)
def test_a_value_is_changed_as_dataclass_would(cls: Any) -> None:
    value = cls(**{field.name: field.name for field in dataclasses.fields(cls)})
    for field in dataclasses.fields(cls):
        other = changed(value, **{field.name: "new"})
        assert type(other) is cls
        assert other == dataclasses.replace(value, **{field.name: "new"})
    assert value == cls(**{field.name: field.name for field in dataclasses.fields(cls)})


def test_a_value_that_has_these_fields_already_is_not_copied() -> None:
    usage = Usage(input_tokens=1, output_tokens=2, total_tokens=3)
    assert changed(usage, input_tokens=1, reasoning_tokens=None) is usage
    assert changed(usage) is usage


def test_any_other_dataclass_may_be_changed() -> None:
    assert changed(Attributes(user_id="a"), user_id="b") == Attributes(user_id="b")


def test_a_field_that_a_class_does_not_have_is_an_error() -> None:
    with pytest.raises(AttributeError, match="tokens"):
        changed(Usage(), tokens=1)


def test_a_subclass_is_constructed_and_changed_too() -> None:
    class OfOurs(Usage):
        """A class of the app's, with a ``__dict__``."""

    value = OfOurs(input_tokens=1)
    assert type(value) is OfOurs
    assert (value.input_tokens, value.output_tokens) == (1, 0)
    other = changed(value, output_tokens=2)
    assert type(other) is OfOurs
    assert (other.input_tokens, other.output_tokens) == (1, 2)


def test_without_the_interpreter_lock_classes_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    made = Attributes.__init__
    construct_quickly(Attributes)
    assert Attributes.__init__ is made
