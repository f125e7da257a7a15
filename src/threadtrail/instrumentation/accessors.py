"""Lets raw accessors that the app used before the methods were patched call the patched ones.

The SDK keeps such an accessor (``with_raw_response``, ``with_streaming_response``), and the accessor keeps
functions of its own around the methods that were bound when it was made. Nothing of the class is looked up
when they are called, and the objects cannot be found. So a data descriptor stands in the accessor's class for
as long as the methods are patched, and puts the patched method into such a function when the app takes it.

The function stays the same object, and so does everything else that is kept in the accessor. After the end,
the function calls a patched method that is switched off, as one does that was made in the meantime.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any

import wrapt

from threadtrail._guard import guard

SUFFIXES = ("WithRawResponse", "WithStreamingResponse")
"""What the SDK appends to the name of a resource for the classes of its accessors."""

MAKERS = {"openai._legacy_response", "openai._response"}
"""Where the SDK makes the functions in them; those from elsewhere are the app's own."""

NOTHING = object()


class Accessible:
    """Stands in an accessor's class for an attribute of its objects.

    It gives what the object has, as the SDK made it or the app assigned it.
    """

    __slots__ = ("_installed", "_name", "_original")

    def __init__(self, name: str, original: Any, installed: Any) -> None:
        self._name = name
        self._original = original
        self._installed = installed

    def __get__(self, accessor: Any, owner: type | None = None) -> Any:
        """Return the object's attribute; the class has none, as before."""
        kept = NOTHING if accessor is None else accessor.__dict__.get(self._name, NOTHING)
        if kept is NOTHING:
            raise self._lacking(accessor, owner)
        if type(kept) is FunctionType and kept.__globals__.get("__name__") in MAKERS:
            method = getattr(kept, "__wrapped__", None)
            # The usual case ends here: a function that was made later, or has the patched method already.
            if type(method) is not MethodType or method.__func__ is self._original:
                guard.call("patching a raw accessor", self._patch, kept, method)
        return kept

    def __set__(self, accessor: Any, value: Any) -> None:
        accessor.__dict__[self._name] = value

    def __delete__(self, accessor: Any) -> None:
        if accessor.__dict__.pop(self._name, NOTHING) is NOTHING:
            raise self._lacking(accessor, None)

    def _lacking(self, accessor: Any, owner: type | None) -> AttributeError:
        """Return the error that Python would raise."""
        if accessor is None:
            whose, of = f"type object '{owner.__name__ if owner else None}'", owner
        else:
            whose, of = f"'{type(accessor).__name__}' object", accessor
        return AttributeError(f"{whose} has no attribute '{self._name}'", name=self._name, obj=of)

    def _patch(self, kept: Any, bound: Any) -> None:
        """Put the patched method into the place of the original one.

        That is a cell of the function, or, if others had wrapped the method with ``wrapt``, their innermost
        wrapper: what they do stays as it was. Two threads that come here at once do the same.
        """
        outer, method = None, bound
        while isinstance(method, wrapt.BoundFunctionWrapper):
            outer, method = method, method.__wrapped__
        if type(method) is not MethodType or method.__func__ is not self._original:
            return
        patched = MethodType(self._installed, method.__self__)
        if outer is not None:
            outer.__wrapped__ = patched
            return
        for cell in kept.__closure__ or ():
            if cell.cell_contents is method:
                cell.cell_contents = kept.__wrapped__ = patched


@dataclass(slots=True)
class Accessors:
    """The descriptors that are in place."""

    _placed: list[tuple[type, str, Accessible]] = field(default_factory=list)

    def place(self, module: Any, owner: str, method: str, original: Any, installed: Any) -> None:
        """Have the accessors of a class call a method that was patched."""
        for suffix in SUFFIXES:
            accessor = vars(module).get(owner + suffix)
            if isinstance(accessor, type) and _sets(accessor, method):
                descriptor = Accessible(method, original, installed)
                setattr(accessor, method, descriptor)
                self._placed.append((accessor, method, descriptor))

    def remove(self) -> None:
        """Leave the classes as they were."""
        while self._placed:
            accessor, name, descriptor = self._placed.pop()
            if vars(accessor).get(name) is descriptor:
                delattr(accessor, name)


def _sets(accessor: type, name: str) -> bool:
    """Return whether its objects have an attribute that their class has not: of most methods, they do."""
    if any(name in vars(base) for base in accessor.__mro__):
        return False
    code = getattr(inspect.unwrap(vars(accessor).get("__init__", _sets)), "__code__", None)
    return code is not None and name in code.co_names
