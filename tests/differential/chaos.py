"""Make every extractor, processor, hook and exporter raise."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import threadtrail

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from types import ModuleType

# What runs for a call, from the note that is taken to the batch that is exported. The guard and
# the queues are not among them: they are what has to hold.
BROKEN = (
    "threadtrail.recording",
    "threadtrail.delivery.content",
    "threadtrail.delivery.processors",
    "threadtrail.delivery.sampling",
    "threadtrail.context",
)


class ChaosError(Exception):
    """Raised instead of doing the work."""


class FaultyExporter:
    """An exporter whose every hook raises, but for the one that is meant to be loud."""

    def __init__(self, raised: Counter[str]) -> None:
        self._raised = raised

    def _fail(self, hook: str) -> NoReturn:
        self._raised[f"exporter.{hook}"] += 1
        raise ChaosError(hook)

    @threadtrail.hookimpl
    def capture_context(self) -> object:
        self._fail("capture_context")

    @threadtrail.hookimpl
    def export(self, events: Any) -> None:
        self._fail("export")

    @threadtrail.hookimpl
    def flush(self, timeout: float) -> bool:
        self._fail("flush")

    @threadtrail.hookimpl
    def shutdown(self, timeout: float) -> bool:
        self._fail("shutdown")


def break_everything(raised: Counter[str]) -> None:
    """Replace every function of the modules in `BROKEN` by one that raises, wherever it is used."""
    replacements: dict[int, Any] = {}
    for module in _modules():
        for owner, name, function in _functions(module):
            broken = _broken(function, raised)
            replacements[id(function)] = broken
            if inspect.isclass(owner):
                setattr(owner, name, broken)
    for name, module in list(sys.modules.items()):
        if name.startswith("threadtrail") and module is not None:
            for attribute, value in list(vars(module).items()):
                if id(value) in replacements:
                    setattr(module, attribute, replacements[id(value)])


def _modules() -> Iterator[ModuleType]:
    for name in BROKEN:
        module = importlib.import_module(name)
        yield module
        for info in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
            yield importlib.import_module(info.name)


def _functions(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield module, name, value
        elif inspect.isclass(value) and not issubclass(value, BaseException):
            for method, function in list(vars(value).items()):
                if inspect.isfunction(function) and not method.startswith("__"):
                    yield value, method, function


def _broken(function: Any, raised: Counter[str]) -> Any:
    @functools.wraps(function)
    def broken(*args: Any, **kwargs: Any) -> NoReturn:
        raised[f"{function.__module__}.{function.__qualname__}"] += 1
        raise ChaosError(function.__qualname__)

    return broken
