"""The public functions: ``instrument()`` and the rest."""

from __future__ import annotations

import logging
import reprlib
from numbers import Real
from typing import TYPE_CHECKING

from threadtrail._guard import guard
from threadtrail._in_force import InForce, begin, end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Literal, Self

    from threadtrail.config.typed import Exporters
    from threadtrail.runtime import Runtime, Status

logger = logging.getLogger("threadtrail")


class Instrumentation:
    """The result of ``instrument()``: keep it, use it as a context manager, or ignore it.

    Leaving it as a context manager delivers what was seen and restores the SDK's methods.
    """

    def __init__(self, runtime: Runtime | None) -> None:
        self._runtime = runtime

    @property
    def active(self) -> bool:
        """Whether calls are being recorded through this instrumentation."""
        return self._runtime is not None and not self._runtime.stopped

    def flush(self, timeout: float = 5.0) -> bool:
        """Call ``threadtrail.flush()``."""
        return flush(timeout)

    def status(self) -> Status:
        """Call ``threadtrail.status()``."""
        return status()

    def uninstrument(self) -> None:
        """Call ``threadtrail.uninstrument()``, unless a later ``instrument()`` has replaced this one."""
        if self._runtime is not None and self._runtime is InForce.runtime:
            uninstrument()

    def __repr__(self) -> str:
        return f"<threadtrail.Instrumentation: {'recording' if self.active else 'not recording'}>"

    def _repr_html_(self) -> str:
        """Return what is recorded as a notebook shows it."""
        from threadtrail.notebook.state import instrumentation_html  # noqa: PLC0415 - only notebooks need it

        return instrumentation_html(status(), active=self.active)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.uninstrument()


def instrument(  # noqa: PLR0913 - every setting is a keyword, for completion and type checkers
    *,
    exporters: Exporters | None = None,
    capture_content: bool | None = None,
    redact: Callable[[str], str] | None = None,
    max_content_bytes: int | None = None,
    fetch_run_details: bool | None = None,
    settle_seconds: float | None = None,
    tool_wait_seconds: float | None = None,
    run_timeout_seconds: float | None = None,
    max_open_runs: int | None = None,
    publish_runs: Literal["all", "finished", "none"] | None = None,
    propagate: Iterable[Literal["celery", "rq", "asgi"]] | None = None,
    sample_rate: float | None = None,
    queue_size: int | None = None,
    shutdown_timeout_seconds: float | None = None,
    flush_on_sigterm: bool | None = None,
) -> Instrumentation:
    """Record every response and every run of an assistant that this program makes by the ``openai`` SDK.

    Settings that are not given here come from the environment (``THREADTRAIL_…``), then from
    ``threadtrail.toml`` or ``pyproject.toml``, then from the defaults; no exporter configured means
    ``console``. Clients that exist already are covered. A second call with the same configuration does
    nothing. Another configuration takes over at once: open runs continue with it, and the former exporters
    deliver the rest in the background.

    Args:
        exporters: names, objects with hooks, or a mapping of names to options.
        capture_content: whether prompts, answers, arguments, outputs and file names are recorded at all.
        redact: called once with every text of the content, before any exporter; returns the text to keep.
        max_content_bytes: the maximum size of each text, in bytes of UTF-8; longer texts are cut.
        fetch_run_details: whether to read steps and messages that the app never looked at, when a run of an
            assistant ends: API calls that the app did not make.
        settle_seconds: how long an ended run waits for calls that usually follow, such as ``messages.list``.
        tool_wait_seconds: how long a response that asked for calls of the app waits for their outputs, which
            are then part of it; ``run_timeout_seconds`` at most.
        run_timeout_seconds: the time after which a run that nobody looks at is published as unfinished.
        max_open_runs: the maximum number of open runs; beyond it, the one seen longest ago is published as
            unfinished.
        publish_runs: which runs this process publishes: ``all`` that it saw end or created, only those that
            ``finished``, or ``none``, if another process always sees their end.
        propagate: the libraries by which carriers are sent and received automatically: ``celery`` (headers of
            tasks), ``rq`` (meta of jobs), ``asgi`` (headers of requests to Starlette and FastAPI).
        sample_rate: the share of turns that is kept, 0 to 1; those with a failed run always are.
        queue_size: the maximum number of events that wait for each exporter.
        shutdown_timeout_seconds: how long the exit of the process may be delayed.
        flush_on_sigterm: whether SIGTERM delivers what was seen, and then calls the former handler, or ends
            the process as without it.

    Returns:
        An ``Instrumentation``, which may be ignored.

    Raises:
        ConfigurationError: a setting or an exporter is wrong; nothing was patched then.
    """
    keywords = {name: value for name, value in locals().items() if value is not None}
    # Imported here, since they bring pydantic and wrapt: `import threadtrail` stays light.
    from threadtrail.config.settings import read_settings  # noqa: PLC0415 - `import threadtrail` stays light

    reading = read_settings(keywords)
    reading.problems.raise_if_any()
    if reading.settings.disabled:
        logger.info("threadtrail is disabled by THREADTRAIL_DISABLED")
        return Instrumentation(None)
    return Instrumentation(begin(reading.settings, reading.file))


def uninstrument() -> None:
    """Restore the SDK's own methods, deliver what was seen, and close the exporters."""
    end()


def status() -> Status:
    """Return the patched and missing methods, and the counters of the events, per exporter."""
    from threadtrail.instrumentation.install import patches  # noqa: PLC0415 - `import threadtrail` stays light
    from threadtrail.runtime import Status  # noqa: PLC0415 - `import threadtrail` stays light

    runtime = InForce.runtime
    if runtime is None:
        return Status()
    recorder = runtime.recorder
    return Status(
        active=not runtime.stopped,
        patched=patches.patched,
        missing=patches.missing,
        not_imported=patches.not_imported,
        exporters=runtime.delivery.status(),
        open_runs=recorder.open_runs,
        observations_waiting=recorder.waiting,
        observations_dropped=recorder.dropped,
        details_missed=recorder.details_missed,
        background_unfinished=recorder.background_unfinished,
        forgotten={**recorder.forgotten, **runtime.delivery.forgotten},
        contained=guard.counts,
    )


def turn_id(response_id: str, timeout: float = 1.0) -> str | None:
    """Return the id of the turn that a response (or a run) belongs to: the id of the turn's first response.

    Calls that were observed before this one are read first. That takes ``timeout`` seconds at most, usually a
    few milliseconds, and no time for a response that was looked up before.

    Returns:
        None if this process has not seen the response created, or too long ago (65,536 responses are
        remembered).

    Raises:
        TypeError: ``response_id`` is not a string, but the response itself, for example, or ``timeout`` is
            not a number.
    """
    _check_timeout("turn_id(response.id, timeout=1.0)", timeout)
    if not isinstance(response_id, str | None):
        given = type(response_id).__name__
        raise TypeError(f"turn_id() takes the id: threadtrail.turn_id(response.id), not the {given}")
    runtime = InForce.runtime
    return None if runtime is None else runtime.recorder.turn_id(response_id, timeout)


def flush(timeout: float = 5.0) -> bool:
    """Deliver everything seen before this call; runs that have ended wait for no further facts.

    Returns:
        False if ``timeout`` seconds did not suffice, an exporter reported a failure, or there were losses
        since the last flush (``failed``, ``dropped`` or ``observations_dropped`` in ``status()``): each loss
        counts in one flush only. Also False, at once, within ``redact`` or an exporter.

    Raises:
        TypeError: ``timeout`` is not a number.
    """
    _check_timeout("flush(timeout=5.0)", timeout)
    runtime = InForce.runtime
    return True if runtime is None or runtime.stopped else runtime.flush(timeout)


def shutdown(timeout: float = 5.0) -> bool:
    """Stop recording, deliver the rest (unfinished runs included), close the exporters.

    The process's exit does this by itself. Returns False if ``timeout`` seconds did not suffice, or events
    were lost since the last flush. Also False within an exporter, which is closed when its hook has returned.

    Raises:
        TypeError: ``timeout`` is not a number.
    """
    _check_timeout("shutdown(timeout=5.0)", timeout)
    runtime = InForce.runtime
    return True if runtime is None else runtime.shutdown(timeout)


def _check_timeout(example: str, timeout: object) -> None:
    """Raise an error that shows a right call if ``timeout`` is not a number."""
    if not isinstance(timeout, Real):
        name = example.partition("(")[0]
        raise TypeError(
            f"{name}() takes timeout as a number of seconds: threadtrail.{example}, "
            f"not {reprlib.repr(timeout)} ({type(timeout).__name__})"
        )
