"""Changes modules of other packages when, and if, the app imports them, and restores them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import wrapt

from threadtrail._guard import guard

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import ModuleType

Undo = Callable[[], None]
Change = Callable[["ModuleType"], Undo | None]
"""Changes a module; returns how to undo it, or None if there was nothing to change."""


class Watching:
    """Changes modules by their names while it is on. It imports nothing.

    ``hooked``: the post-import hooks are set, which cannot be removed. ``undo`` holds, for each changed
    module, the function that restores it.
    """

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self.changes = changes
        self.hooked: bool = False
        self.undo: dict[str, Undo] = {}
        self._wanted: Collection[str] = ()

    def on(self, names: Collection[str]) -> None:
        """Change these modules, now or when they are imported, and no others."""
        self._wanted = names
        for name in [name for name in self.undo if name not in names]:
            self.undo.pop(name)()
        if names and not self.hooked:
            self.hooked = True
            for name in self.changes:
                wrapt.register_post_import_hook(self.imported, name)
            return
        for name in names:
            if name in sys.modules:
                self.imported(sys.modules[name])

    def off(self) -> None:
        """Restore what was changed."""
        self._wanted = ()
        while self.undo:
            _, undo = self.undo.popitem()
            undo()

    def imported(self, module: ModuleType) -> None:
        """Change an imported module, if it is one of those."""
        name = module.__name__
        if name in self._wanted and name not in self.undo:
            undo = guard.call(f"watching {name}", self.changes[name], module)
            if undo is not None:
                self.undo[name] = undo
