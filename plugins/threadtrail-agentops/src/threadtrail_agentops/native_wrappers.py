"""Finds the native SDK's wrappers of Assistants methods, and warns about them once or removes them."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail_agentops.options import NativeInstrumentation

logger: logging.Logger = logging.getLogger("threadtrail.agentops")

METHODS = (
    # What agentops 0.4 wraps of the Assistants API: sync only.
    ("openai.resources.beta.assistants", "Assistants", "create"),
    ("openai.resources.beta.threads.runs.runs", "Runs", "create"),
    ("openai.resources.beta.threads.runs.runs", "Runs", "retrieve"),
    ("openai.resources.beta.threads.runs.runs", "Runs", "create_and_stream"),
    ("openai.resources.beta.threads.messages", "Messages", "list"),
)
MAX_WRAPPERS = 32

ADVICE = (
    "AgentOps' own SDK has wrapped %s too: it makes a span of every poll, and counts the tokens of a run "
    'again on each. Pass exporters={"agentops": {"native_instrumentation": "unwrap"}} to remove these '
    "wrappers (and no others), or call agentops.init(instrument_llm_calls=False)."
)


class NativeWrapper(NamedTuple):
    """A wrapper in place; ``around`` is the wrapper outside of it, if there is one."""

    owner: type
    method: str
    wrapper: Any
    around: Any

    @property
    def path(self) -> str:
        """The method's name for users: ``Runs.create``."""
        return f"{self.owner.__name__}.{self.method}"


class NativeWrappers:
    """Checks whether the native SDK has wrapped recorded methods; ``look`` takes about two microseconds."""

    def __init__(self, policy: NativeInstrumentation) -> None:
        self._policy = policy
        self._warned = False

    def look(self) -> None:
        """Remove the wrappers, or warn about them once, depending on the policy."""
        if self._warned:
            return
        found = list(_in_place())
        if self._policy == "unwrap":
            # The native SDK adds them again after certain imports, sometimes twice.
            while sum(map(_removed, found)):
                found = list(_in_place())
        if found:
            self._warned = True
            logger.warning(ADVICE, ", ".join(each.path for each in found))


def _in_place() -> Iterator[NativeWrapper]:
    for module, owner_name, method in METHODS:
        owner = getattr(sys.modules.get(module), owner_name, None)
        if owner is None:
            continue
        around, function = None, owner.__dict__.get(method)
        for _ in range(MAX_WRAPPERS):
            if _is_native(function):
                yield NativeWrapper(owner, method, function, around)
                break
            around, function = function, getattr(function, "__wrapped__", None)
            if function is None:
                break


def _is_native(function: Any) -> bool:
    """Return whether this is a ``wrapt`` wrapper that calls into the native SDK."""
    module = getattr(getattr(function, "_self_wrapper", None), "__module__", None) or ""
    return module.startswith("agentops.")


def _removed(found: NativeWrapper) -> bool:
    if found.around is None:
        setattr(found.owner, found.method, found.wrapper.__wrapped__)
        return True
    if hasattr(found.around, "_self_wrapper"):  # a wrapper by `wrapt`, which calls this
        found.around.__wrapped__ = found.wrapper.__wrapped__
        return True
    return False
