"""Removes a tool's patches from the SDK and puts them back, within one process, as often as needed.

Bare and instrumented calls can then be made alternately, by the same client objects in the same process, so
that whatever else the machine does affects both alike. It works for any tool that patches attributes of the
SDK's classes and modules; without the tool, the original functions themselves are in place.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MISSING = object()
_PYDANTIC = ("__pydantic_", "__signature__")
"""The attributes that pydantic itself sets later; they are not patches of a tool."""


class Switch:
    """Switches what ``patch`` changed in the SDK on and off; it begins switched on.

    Every module of the SDK that ``patch`` patches must be imported before.
    """

    def __init__(self, patch: Callable[[], object]) -> None:
        before = {id(owner): (owner, dict(vars(owner))) for owner in _owners()}
        patch()
        self._changes: list[tuple[Any, str, Any, Any]] = []
        for owner, old in before.values():
            for name, value in list(vars(owner).items()):
                original = old.get(name, _MISSING)
                if original is not value and callable(value) and not name.startswith(_PYDANTIC):
                    self._changes.append((owner, name, original, value))

    def __len__(self) -> int:
        """Return how many attributes the tool changed."""
        return len(self._changes)

    def on(self) -> None:
        """Put the tool's functions in."""
        for owner, name, _, patched in self._changes:
            setattr(owner, name, patched)

    def off(self) -> None:
        """Put the SDK's own functions in."""
        for owner, name, original, _ in self._changes:
            if original is not _MISSING:
                setattr(owner, name, original)
            elif name in vars(owner):
                delattr(owner, name)


def _owners() -> Iterator[Any]:
    """Yield the SDK's modules and the classes in them."""
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] == "openai":
            yield module
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__.partition(".")[0] == "openai":
                    yield value
