"""A thread in place of the application's, so that a hanging exporter does not block the test."""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadtrail._guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    Answers = queue.SimpleQueue[tuple[Any, BaseException | None]]


class HungError(Exception):
    """A call did not return in time; the text is the place where it was."""


class AppThread:
    """Calls functions one after the other in a daemon thread, in the context of its creator."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Answers] | None] = queue.SimpleQueue()
        self._guard = Guard()
        context = copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._serve,), name="conformance-app", daemon=True
        )
        self._thread.start()

    def call(self, function: Callable[[], Any], seconds: float) -> tuple[Any, BaseException | None]:
        """Return the result and the error of ``function()``; one of them is None.

        Raises:
            HungError: it did not return within ``seconds``.
        """
        answers: Answers = queue.SimpleQueue()
        self._calls.put((function, answers))
        try:
            return answers.get(timeout=seconds)
        except queue.Empty:
            raise HungError(where(self._thread)) from None

    def leave(self) -> None:
        """End the thread after its current call."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            function, answers = call
            answers.put(self._guard.catch(function, contain=BaseException))


def where(thread: threading.Thread) -> str:
    """Return the file and the line of a thread, outside the standard library if possible."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - documented; the only way to look
    if frame is None:
        return "an unknown place: its thread has ended"
    stack = traceback.extract_stack(frame)
    library = str(Path(threading.__file__).parent)
    own = [
        each for each in stack if "site-packages" in each.filename or not each.filename.startswith(library)
    ]
    last = (own or stack)[-1]
    return f"{last.filename}:{last.lineno}, in {last.name}: {last.line}"
