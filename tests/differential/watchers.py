"""The ways to watch the play with threadtrail: in order, and with all of it failing."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import wrapt

import threadtrail
from differential.bare import Bare
from differential.chaos import ALL, LAYERS, Chaos, FaultyExporter
from threadtrail._guard import guard
from threadtrail.events import RunCreated, RunEnded

FLUSH_TIMEOUT_SECONDS = 200.0
SETTLE_SECONDS = 0.02


class On(Bare):
    """Instruments, and counts what an exporter gets."""

    def __init__(self) -> None:
        self.exporter = CountingExporter()

    def after_import(self) -> None:
        threadtrail.instrument(exporters=[self.exporter])

    def finish(self) -> dict[str, Any]:
        threadtrail.shutdown(timeout=FLUSH_TIMEOUT_SECONDS)
        return {
            "events": dict(self.exporter.types),
            "created": dict(self.exporter.created),
            "ended": dict(self.exporter.ended),
            "contained": guard.counts,
        }


class Broken(Bare):
    """Instruments, and makes one layer after another fail, or all at once, from part to part."""

    def __init__(self, first: int) -> None:
        self.raised: Counter[str] = Counter()
        self.chaos = Chaos(self.raised)
        layers = (*LAYERS, ALL)
        self._layers = itertools.cycle([*layers[first:], *layers[:first]])

    def before_import(self) -> None:
        self.chaos.break_everything()
        exporter = FaultyExporter(self.raised)
        threadtrail.instrument(exporters=[exporter], settle_seconds=SETTLE_SECONDS)

    def next_part(self) -> None:
        self.chaos.failing = next(self._layers)

    def finish(self) -> dict[str, Any]:
        self.chaos.failing = ""
        threadtrail.shutdown(timeout=FLUSH_TIMEOUT_SECONDS)
        return {"raised": dict(self.raised)}


class Naive(Bare):
    """Instruments as is commonly done, to show that the comparison notices what that changes."""

    def after_import(self) -> None:
        module = "openai.resources.beta.threads.runs.runs"
        wrapt.wrap_function_wrapper(module, "Runs.create", self._call)
        wrapt.wrap_function_wrapper(module, "Runs.retrieve", self._call_and_read)
        module = "openai.resources.responses.responses"
        wrapt.wrap_function_wrapper(module, "Responses.create", self._look_and_call)
        wrapt.wrap_function_wrapper(module, "Responses.retrieve", self._call_and_look)

    @staticmethod
    def _call(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    @staticmethod
    def _look_and_call(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        for tool in kwargs.get("tools") or ():
            repr(tool)
        return wrapped(*args, **kwargs)

    @staticmethod
    def _call_and_look(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        result = wrapped(*args, **kwargs)
        if result.usage is not None:
            repr(result.usage)
        return result

    @staticmethod
    def _call_and_read(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        result = wrapped(*args, **kwargs)
        if hasattr(result, "http_response"):
            result.http_response.read()
        return result


def make(mode: str, first: int) -> Bare:
    """Return the watcher of this mode; `first` is the layer that fails first."""
    if mode == "chaos":
        return Broken(first)
    return On() if mode == "on" else Naive()


class CountingExporter:
    """Counts events by type, and the beginning and end of each run."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.created: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    @threadtrail.hookimpl
    def export(self, events: Any) -> None:
        for event in events:
            self.types[event.type] += 1
            if isinstance(event, RunCreated):
                self.created[event.run_id] += 1
            if isinstance(event, RunEnded):
                self.ended[event.run.id] += 1
