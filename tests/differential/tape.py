"""Write down, step by step, what an application can see of the SDK."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import logging
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from differential.describe import describe, describe_error, digest, runs_told, scrub, type_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Entry = dict[str, Any]


class Tape:
    """The record of one program: each step with its results, errors, warnings and side effects."""

    def __init__(self) -> None:
        self.steps: list[Entry] = []
        self._aside: list[Any] = []
        self.prefix = ""
        self.after_step: Callable[[], None] = lambda: None
        sys.unraisablehook = self._unraisable
        gc.disable()
        logging.getLogger().addHandler(_Keep(self._aside))

    def watch_loop(self) -> None:
        """Note what the running event loop would otherwise only log."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(
            lambda _, context: self._aside.append(["event loop", scrub(str(context["message"]))])
        )

    @contextlib.asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[Entry]:
        """Record one step: whatever is noted in the entry, how it ended, and what it warned of."""
        entry: Entry = {"step": f"{self.prefix}{name}"}
        self.steps.append(entry)
        runs_told.clear()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield entry
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever an application would see
                entry["error"] = describe_error(error)
                # Else the frames keep alive what the step left behind.
                error.__traceback__ = None
                del error
            await _let_go()
            entry["warnings"] = [_warning(message) for message in caught]
        entry["runs"] = sorted(runs_told)
        if self._aside:
            entry["aside"] = [*self._aside]
            self._aside.clear()
        self.after_step()

    async def call(self, name: str, function: Callable[[], Any]) -> Any:
        """Record a call as one step and return its result; awaited if it can be."""
        value = None
        async with self.step(name) as entry:
            value = function()
            entry["returned"] = type_name(value)
            if inspect.isawaitable(value):
                value = await value
            entry["value"] = describe(value)
        return value

    def _unraisable(self, args: Any) -> None:
        self._aside.append(["unraisable", describe_error(args.exc_value), scrub(str(args.err_msg))])


class Noted:
    """A list of what happened, short enough to keep for every event of a stream."""

    def __init__(self, entry: Entry, name: str) -> None:
        self._lines: list[str] = entry.setdefault(name, [])

    def add(self, what: str, *values: Any) -> None:
        """Note one happening with the values that came with it."""
        self._lines.append(" ".join([what, *(digest(value) for value in values)]))


class _Keep(logging.Handler):
    def __init__(self, aside: list[Any]) -> None:
        super().__init__(logging.WARNING)
        self._aside = aside

    def emit(self, record: logging.LogRecord) -> None:
        # Contained errors are logged by threadtrail itself, and are meant to be.
        if not record.name.startswith("threadtrail"):
            self._aside.append([record.name, record.levelname, scrub(record.getMessage())])


async def _let_go() -> None:
    """Let callbacks and finalizers run now, so that they belong to the step that caused them."""
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    # What is alive now is not looked at again: hundreds of full collections would take a minute.
    gc.freeze()
    for _ in range(3):
        await asyncio.sleep(0)


def _warning(message: warnings.WarningMessage) -> list[Any]:
    where = f"{Path(message.filename).name}:{message.lineno}"
    return [message.category.__name__, scrub(str(message.message)), where]
