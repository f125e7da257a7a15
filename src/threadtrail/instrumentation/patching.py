"""Wraps methods of classes that may not be imported yet, and restores the original ones.

- A method is wrapped *below* the SDK's ``deprecated`` shim: a wrapper outside it would move the warning into
  our file, where Python's default filters hide it from the user.
- Modules are patched when they are imported; one that never is costs nothing. (Since 1.109 the SDK loads its
  resources lazily, and its tests check that.)
- A wrapper that others made with ``wrapt``, before or after us, stays outermost and stays the same object:
  ours is put inside it, and taken out again. Inside any other kind of wrapper ours stays, switched off.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import wrapt
from wrapt.importer import ImportHookFinder  # type: ignore[import-untyped,unused-ignore]

from threadtrail.instrumentation.accessors import Accessors
from threadtrail.instrumentation.versions import is_newer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    FunctionWrapper = wrapt.FunctionWrapper[..., Any]
else:
    FunctionWrapper = wrapt.FunctionWrapper  # before wrapt 2 it takes no types

SHIM_MODULES = {"typing_extensions", "warnings"}
DEEPEST_CHAIN = 32


class Wrapper(FunctionWrapper):  # type: ignore[misc,unused-ignore]  # before wrapt 2 it has no types
    """Our wrapper, recognised by its class.

    It behaves like a plain function: its class returns the very object, and it is copied as itself and
    pickled by its name.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the watching function with the original function and the arguments.

        What ``wrapt`` would do here takes longer than everything else: it asks the original function for the
        object that it is bound to, which raises and catches an error for each call.
        """
        watch: Any = self._self_wrapper
        return watch(self.__wrapped__, args, kwargs)

    def __get__(self, instance: Any, _owner: type | None = None) -> Any:
        """Bind to an instance as a function does; return the function itself for a class.

        The bound wrapper that ``wrapt`` would make for each call takes as long as the whole call of this one.
        """
        return self if instance is None else MethodType(self, instance)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, _protocol: Any) -> str:
        name: str = self.__qualname__
        return name


OURS = "__threadtrail__"
"""The attribute that marks a plain function of ours.

Its value is the function itself, since ``functools.wraps`` copies attributes to other functions.
"""


def by_wrapt(watch: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]) -> Callable[[Any], Any]:
    """Return a function that wraps a method with ``wrapt``, so that it looks like the original one.

    ``watch`` is called with the original and the arguments of each call.
    """
    watches: Any = watch  # `wrapt` would call it otherwise, but never does
    return lambda original: Wrapper(original, watches)


def plainly(watch: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that replaces a method by a plain function, which ``watch`` makes from the original.

    Calling a plain function takes a quarter of the time. It cannot replace a coroutine function, since
    Python 3.11 has no way to mark it as one.
    """

    def wrap(original: Any) -> Any:
        function = watch(original)
        setattr(function, OURS, function)
        # Calls do not use the defaults; they are there for whoever inspects the method.
        function.__defaults__ = getattr(original, "__defaults__", None)
        function.__kwdefaults__ = getattr(original, "__kwdefaults__", None)
        return function

    return wrap


@dataclass(frozen=True, slots=True)
class Target:
    """A method to wrap; ``wrap`` makes the new function from the original one.

    An ``optional`` one does not count as missing: only some versions of the SDK have it. ``since`` is the
    first version that has it. ``follows_runs`` says that its calls begin or follow runs.
    """

    module: str
    owner: str
    method: str
    wrap: Callable[[Any], Any]
    optional: bool = False
    since: str | None = None
    follows_runs: bool = False

    @property
    def path(self) -> str:
        """Its name in ``status()``."""
        return f"{self.module}:{self.owner}.{self.method}"


@dataclass
class Patches:
    """The wrappers that are in place, and the methods that this version of the SDK does not have.

    It has no slots: ``eventlet`` replaces locks that were made before it patched, and only finds them in a
    ``__dict__``.
    """

    _installed: dict[str, tuple[Any, str, Any, Any]] = field(default_factory=dict)
    _replaced: dict[str, tuple[Any, str, Any, Any]] = field(default_factory=dict)
    _missing: set[str] = field(default_factory=set)
    _waiting: dict[str, list[Target]] = field(default_factory=dict)
    _hooked: set[str] = field(default_factory=set)
    _accessors: Accessors = field(default_factory=Accessors)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def install(self, targets: Iterable[Target]) -> None:
        """Wrap these methods: now, or when their modules are imported."""
        by_module: dict[str, list[Target]] = {}
        for target in targets:
            by_module.setdefault(target.module, []).append(target)
        with self._lock:
            self._waiting = dict(by_module)
            self._restore_replaced()
        for module in by_module:
            if module not in self._hooked:
                # An import hook cannot be removed, so it checks whether there is still something to patch.
                self._hooked.add(module)
                wrapt.register_post_import_hook(self._called_back, module)
            elif (imported := sys.modules.get(module)) is not None:
                self._imported(imported)
        _find_imports()

    def remove(self) -> None:
        """Restore the original functions, wherever our wrappers can be reached."""
        with self._lock:
            self._waiting.clear()
            self._missing.clear()
            self._accessors.remove()
            self._restore_replaced()
            for path, place in list(self._installed.items()):
                if _restore(*place):
                    del self._installed[path]
                elif not _has_ours(place[0].__dict__.get(place[1])):
                    self._replaced[path] = self._installed.pop(path)

    def _restore_replaced(self) -> None:
        """Restore what others had replaced at the end, such as a mock, and have put back meanwhile."""
        self._replaced = {path: each for path, each in self._replaced.items() if not _restore(*each)}

    def after_fork_in_child(self) -> None:
        """Replace the lock, since another thread of the parent may have held it."""
        self._lock = threading.RLock()

    def _called_back(self, module: Any) -> None:
        # A hook is called once; whoever removes a module from `sys.modules` has it imported again.
        self._hooked.discard(module.__name__)
        self._imported(module)

    def _imported(self, module: Any) -> None:
        with self._lock:
            for target in self._waiting.pop(module.__name__, ()):
                self._patch(module, target)

    def _patch(self, module: Any, target: Target) -> None:
        owner = getattr(module, target.owner, None)
        function = None if owner is None else owner.__dict__.get(target.method)
        if function is None:
            if not target.optional and not is_newer(target.since):
                self._missing.add(target.path)
        elif not _has_ours(function):
            holder, name, original = _place(owner, target.method)
            installed = _below_shims(original, target.wrap)
            setattr(holder, name, installed)
            self._installed[target.path] = (owner, target.method, original, installed)
        if target.path in self._installed:
            self._accessors.place(module, target.owner, *self._installed[target.path][1:])

    @property
    def patched(self) -> tuple[str, ...]:
        """The methods that are wrapped."""
        return tuple(sorted(self._installed))

    @property
    def missing(self) -> tuple[str, ...]:
        """The methods that are not in this version of the SDK."""
        return tuple(sorted(self._missing))

    @property
    def not_imported(self) -> tuple[str, ...]:
        """The methods whose modules are not imported yet."""
        with self._lock:
            return tuple(sorted(target.path for targets in self._waiting.values() for target in targets))


def _find_imports() -> None:
    """Put back the finder that calls import hooks; pytest's ``pytester`` removes those that were added."""
    if not any(isinstance(finder, ImportHookFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, ImportHookFinder())


def _place(owner: Any, method: str) -> tuple[Any, str, Any]:
    """Return where our wrapper belongs: an object, the name of its attribute, and what is there now.

    It belongs inside the wrappers that others made with ``wrapt``: many instrumentations remove theirs with
    OpenTelemetry's ``unwrap``, which removes the outermost one, whosever it is.
    """
    function = owner.__dict__[method]
    place = owner, method, function
    while type(function) is wrapt.FunctionWrapper or _is_shim(function):
        outer, function = function, function.__wrapped__
        if type(outer) is wrapt.FunctionWrapper:
            place = outer, "__wrapped__", function
    return place


def _restore(owner: Any, method: str, original: Any, installed: Any) -> bool:
    """Put the original in the place of our wrapper, wherever that is now; return whether that worked."""
    holder, name, function = owner, method, owner.__dict__.get(method)
    while not _is(function, installed):
        if type(function) is wrapt.FunctionWrapper:
            holder, name, function = function, "__wrapped__", function.__wrapped__
        elif _is_shim(function):
            holder, function = None, function.__wrapped__  # the function that a shim calls cannot be replaced
        else:
            return False
    if holder is not None:
        setattr(holder, name, original)
    return holder is not None


def _is(function: Any, installed: Any) -> bool:
    """Return whether this is our wrapper, perhaps bound, as ``unwrap`` leaves it when it removes another."""
    return function is installed or getattr(function, "_self_parent", None) is installed


def _below_shims(function: Any, wrap: Callable[[Any], Any]) -> Any:
    """Wrap the function inside the ``deprecated`` shims around it; some methods have two."""
    if not _is_shim(function):
        return wrap(function)
    deprecated = function.__globals__["deprecated"]
    return deprecated(function.__deprecated__)(_below_shims(function.__wrapped__, wrap))


def _is_shim(function: Any) -> bool:
    """Return whether ``deprecated(...)`` made this function; others may have copied its attributes."""
    return (
        type(function) is FunctionType
        and function.__globals__.get("__name__") in SHIM_MODULES
        and "__deprecated__" in function.__dict__
        and hasattr(function, "__wrapped__")
    )


def is_ours(function: Any) -> bool:
    """Return whether this is one of our wrappers."""
    return type(function) is Wrapper or getattr(function, "__dict__", {}).get(OURS) is function


def _has_ours(function: Any) -> bool:
    """Return whether one of our wrappers is in the chain of wrappers.

    ``__wrapped__`` alone does not show that, since the SDK's own decorators set it too.
    """
    for _ in range(DEEPEST_CHAIN):
        if function is None:
            return False
        if is_ours(function):
            return True
        function = getattr(function, "__wrapped__", None)
    return False
