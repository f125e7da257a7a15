"""Makes the reference of the hooks from `threadtrail.hookspecs`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from threadtrail import hookspecs

if TYPE_CHECKING:
    from collections.abc import Callable


def reference() -> str:
    """Return a heading, the signature and the docstring of each hook, in the order of the specification."""
    return "\n\n".join(_entry(name, hook) for name, hook in hooks().items())


def hooks() -> dict[str, Callable[..., Any]]:
    """Return the hooks by name."""
    marker = f"{hookspecs.PROJECT}_spec"  # pluggy's mark
    return {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, marker)}


def _entry(name: str, hook: Callable[..., Any]) -> str:
    signature = inspect.signature(hook)
    text = (inspect.getdoc(hook) or "").replace("``", "`")
    return f"### {name}\n\n`{name}{signature}`".replace("'", "") + f"\n\n{text}"
