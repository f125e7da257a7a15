"""The arguments of a call, as they were when it was made.

Texts are kept as they are. Other data is packed by ``marshal``, in the user's thread, into bytes that nobody
can change: a tree of dicts and lists would take several times as long to copy, and then the garbage
collector's time in that thread.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadtrail.recording.observation import Call

PLAIN = (str, int, float, bool, type(None))
NOTHING = object()


def add_copy(arguments: dict[str, Any], name: str, value: Any) -> None:
    """Add a copy of an argument that cannot be packed, unless there is nothing in it to be copied."""
    copied = copy_json(value)
    if copied is not NOTHING:
        arguments[name] = copied


def unpack(call: Call) -> None:
    """Make JSON-like data of a call's packed arguments; the recorder does this, once."""
    for name, value in call.arguments.items():
        if isinstance(value, bytes):
            call.arguments[name] = copy_json(marshal.loads(value))  # noqa: S302 - packed in this process


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
