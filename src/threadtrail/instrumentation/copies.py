"""Copies of arguments and results: what is written down is what was true at the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.glances import mark_of

if TYPE_CHECKING:
    from threadtrail.instrumentation.glances import Glances
    from threadtrail.recording.observation import Call

PLAIN = (str, int, float, bool, type(None))
NOTHING = object()


def copy_json(value: Any) -> Any:
    """A copy of JSON-like data, or ``NOTHING``.

    ``Omit`` and ``NotGiven`` stand for "not given". A generator is never touched: it is the SDK's to
    consume. An SDK object among the data is copied as a dict.
    """
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, dict):
        return {str(key): item for key, raw in value.items() if (item := copy_json(raw)) is not NOTHING}
    if isinstance(value, (list, tuple)):
        return [item for raw in value if (item := copy_json(raw)) is not NOTHING]
    return value.model_dump(warnings=False) if hasattr(value, "model_dump") else NOTHING


def copy_model(model: Any) -> Any:
    """A deep copy of an SDK object, as the bytes of its JSON: one object, which nobody can change.

    A tree of dicts would take as long to make, and then the garbage collector's time in this thread.
    Odd contents (unknown variants) are no reason to warn. Text that is no valid Unicode cannot be
    written as bytes: such an object is copied as a dict.
    """
    serializer = model.__pydantic_serializer__
    try:
        return serializer.to_json(model, warnings=False)
    except ValueError:
        return serializer.to_python(model, warnings=False)


def copy_arguments(
    names: tuple[str, ...], takes: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Copies of the arguments called ``takes``; ``names`` are the positional ones, in order."""
    copied: dict[str, Any] = {}
    for name in takes:
        value = kwargs.get(name)
        if value is None and args and name in names:
            place = names.index(name)
            value = args[place] if place < len(args) else None
        if value is None:
            continue
        if type(value) is not str:  # an id, almost always
            value = copy_json(value)
            if value is NOTHING:
                continue
        copied[name] = value
    return copied


def changed(model: Any, glances: Glances) -> bool:
    """Whether an SDK object looks different from when it was last seen, or was never seen."""
    fields = model.__dict__
    mark = mark_of(model, glances.knows(fields.get("run_id")))
    return mark is None or not glances.unchanged(fields.get("id") or "", mark)


def body_of(call: Call) -> bytes | None:
    """The body of the response that the call returned, which nobody can change; ``None`` if there is none.

    It is at hand, where a copy of the parsed object would have to be made: the object is cold then, and
    walking through it takes longer than everything else that is done here.
    """
    response = call.response
    if response is None or not response.is_closed:
        return None
    body: bytes = response.content
    return body
