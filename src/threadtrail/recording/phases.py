"""What is kept of a run only while it is streamed, or while it waits to be published."""

from __future__ import annotations

from typing import NamedTuple


class Streaming(NamedTuple):
    """How the app streamed a run.

    ``opened`` is how often. ``complete`` means that a stream brought its end, ``left`` that the run ends with
    a stream that the app left early, or that broke off. ``first_output_at`` is when output of it reached the
    app (Unix nanoseconds).
    """

    opened: int = 0
    complete: bool = False
    left: bool = False
    first_output_at: int | None = None


class Settling(NamedTuple):
    """How a run that has ended waits for what may follow.

    ``began`` is when it began to wait (``time.monotonic()`` seconds). ``fetching`` means that its details are
    being fetched, ``for_outputs`` that it waits for the outputs of its calls, or did so.
    """

    began: float | None = None
    fetching: bool = False
    for_outputs: bool = False


NOT_STREAMED = Streaming()
NOT_SETTLING = Settling()
