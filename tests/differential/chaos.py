"""Make every extractor, processor, hook and exporter raise."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

import threadtrail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

# What runs on behalf of a call, from the note that is taken to the batch that is exported.
LAYERS = {
    "notes": (
        "threadtrail.instrumentation.arguments:ArgumentWatch",
        "threadtrail.instrumentation.awaiting:begin_awaiting",
        "threadtrail.instrumentation.awaiting:enter",
        "threadtrail.instrumentation.copies",
        "threadtrail.instrumentation.encodings",
        "threadtrail.instrumentation.exchanges:note_request",
        "threadtrail.instrumentation.failures",
        "threadtrail.instrumentation.results",
        "threadtrail.instrumentation.sink",
        "threadtrail.instrumentation.streams:StreamNotes",
        "threadtrail.instrumentation.unread:Reading",
        "threadtrail.sources.delta_stream",
        "threadtrail.sources.openai_assistants.streams",
        "threadtrail.sources.openai_responses.streams",
        "threadtrail.recording.recorder",
    ),
    "recording": (
        "threadtrail.recording",
        "threadtrail.sources.openai_assistants",
        "threadtrail.sources.openai_responses",
    ),
    "delivery": (
        "threadtrail.delivery.content",
        "threadtrail.delivery.plans",
        "threadtrail.delivery.processors",
        "threadtrail.delivery.texts",
    ),
}
ALL = "all of them, always"
# What has to hold: the recorder's own thread, what waits for it, and what runs another function
# under the guard, or contains what that one raises.
HOLDS = {
    "look",
    "note_failure",
    "_work",
    "_run",
    "_is_over",
    "_here",
    "_was_ended",
    "_wait_and_take",
    "_sleep_seconds",
    "_take",
    "_reply",
    "_drop_what_is_in_hand",
    "_start",
    "start",
    "flush",
    "_finish",
    "ask",
}
# Within one layer: where every call fails, the outermost function hides all that it would call.
FAILS_EVERY = 5


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


class Chaos:
    """Breaks functions; they fail while their layer does, so that a program starts and ends as ever."""

    def __init__(self, raised: Counter[str]) -> None:
        self.failing = ""
        self._raised = raised
        self._calls: Counter[str] = Counter()

    def break_everything(self) -> None:
        """Replace every function that `LAYERS` names by one that can raise, wherever it is used."""
        replacements: dict[int, Any] = {}
        for layer, entries in LAYERS.items():
            for module, only in _modules(entries):
                for owner, name, function in _functions(module, only):
                    replacements[id(function)] = broken = self._broken(layer, function)
                    if inspect.isclass(owner):
                        setattr(owner, name, broken)
        for name, module in list(sys.modules.items()):
            if name.startswith("threadtrail"):
                for attribute, value in list(vars(module).items()):
                    if id(value) in replacements:
                        setattr(module, attribute, replacements[id(value)])

    def _broken(self, layer: str, function: Any) -> Any:
        name = f"{function.__module__}.{function.__qualname__}"

        @functools.wraps(function)
        def broken(*args: Any, **kwargs: Any) -> Any:
            if self.failing in {layer, ALL}:
                self._calls[name] += 1
                if self.failing == ALL or self._calls[name] % FAILS_EVERY == 1:
                    self._raised[f"{layer}: {name}"] += 1
                    raise ChaosError(name)
            return function(*args, **kwargs)

        return broken


def _modules(entries: Iterable[str]) -> Iterator[tuple[ModuleType, str]]:
    for entry in entries:
        name, _, only = entry.partition(":")
        module = importlib.import_module(name)
        yield module, only
        for info in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
            yield importlib.import_module(info.name), ""


def _functions(module: ModuleType, only: str) -> Iterator[tuple[Any, str, Any]]:
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__ or (only and name != only):
            continue
        if inspect.isfunction(value) and name not in HOLDS:
            yield module, name, value
        elif inspect.isclass(value) and not issubclass(value, BaseException):
            for method, function in list(vars(value).items()):
                dunder = method.startswith("__")
                if inspect.isfunction(function) and not dunder and method not in HOLDS:
                    yield value, method, function
