"""Stops what a command does at a signal, in its own time; a second signal does not wait."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def stopped_by(stop: Callable[[], object], *signals: signal.Signals) -> Iterator[None]:
    """Call ``stop`` at the first of these signals; a second one is handled as it was before.

    Only the main thread gets signals: in another one, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.getsignal(number) for number in signals}

    def handle(number: int, _frame: object) -> None:
        signal.signal(number, former[signal.Signals(number)])
        stop()

    for number in former:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
