"""What is in force in this process: one runtime, which begins, replaces another, and ends."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from threadtrail._guard import guard
from threadtrail._own_work import own_work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.config.choice import ExporterChoice
    from threadtrail.config.comparing import Configuration
    from threadtrail.config.file import ConfigFile
    from threadtrail.config.registry import LoadedExporter, LoadedExporters
    from threadtrail.config.settings import Settings
    from threadtrail.runtime import Runtime

logger = logging.getLogger("threadtrail")


class InForce:
    """The one runtime of this process, and the lock under which it changes. Nothing waits under this lock.

    ``file`` is the configuration file that it was read from; ``listening`` are the exporters of a
    ``capture()`` that is in force.
    """

    runtime: Runtime | None = None
    file: ConfigFile | None = None
    listening: tuple[ExporterChoice, ...] = ()
    lock = threading.RLock()
    _survives_forks = False

    @classmethod
    def runtime_for(cls, configuration: Configuration) -> Runtime | None:
        """Return the runtime in force, if it has this configuration."""
        runtime = cls.runtime
        if runtime is None or runtime.stopped or not runtime.configuration.is_same_as(configuration):
            return None
        return runtime

    @classmethod
    def survive_forks(cls) -> None:
        """Let a child not inherit a lock that another thread of its parent holds."""
        if not cls._survives_forks and hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
            cls._survives_forks = True
            os.register_at_fork(after_in_child=cls._after_fork_in_child)

    @classmethod
    def _after_fork_in_child(cls) -> None:
        cls.lock = threading.RLock()
        installed = sys.modules.get("threadtrail.instrumentation.install")
        if installed is not None:
            installed.patches.after_fork_in_child()


def begin(settings: Settings, file: ConfigFile | None = None) -> Runtime:
    """Start to record by these settings, or go on if they are in force; return the runtime.

    Raises:
        ConfigurationError: an exporter cannot be used; nothing was patched then.
    """
    from threadtrail.config import registry  # noqa: PLC0415 - `import threadtrail` stays light
    from threadtrail.config.comparing import Configuration  # noqa: PLC0415 - `import threadtrail` stays light
    from threadtrail.instrumentation.install import patches, targets  # noqa: PLC0415 - `import threadtrail` stays light
    from threadtrail.runtime import Runtime  # noqa: PLC0415 - `import threadtrail` stays light
    from threadtrail.sources import SOURCES  # noqa: PLC0415 - `import threadtrail` stays light

    InForce.survive_forks()
    settings = settings.model_copy(update={"exporters": (*settings.exporters, *InForce.listening)})
    configuration = Configuration.of(settings)
    runtime = InForce.runtime_for(configuration)
    if runtime is not None:
        return runtime
    with own_work():
        loaded = registry.load(settings)
        switched_off = _start(loaded, settings)
    if file is not None:
        logger.info("configuration file: %s; exporters: %s", file, loaded.destinations())
    with InForce.lock:
        runtime = InForce.runtime_for(configuration)
        if runtime is None:
            former = InForce.runtime
            runtime = Runtime(configuration, loaded, former, switched_off)
            runtime.start()
            InForce.runtime = runtime
            InForce.file = file
            patches.install(targets(SOURCES))
            if former is not None and not former.stopped:
                logger.warning(
                    "threadtrail.instrument() was called again: the new configuration replaces the former"
                )
                runtime.replace(former)
            return runtime
    _close(loaded)  # another thread was first, with the same configuration
    return runtime


def end() -> None:
    """Restore the SDK's own methods, deliver what was seen, and close the exporters."""
    with InForce.lock:
        runtime = InForce.runtime
        if runtime is None:
            return
        from threadtrail.instrumentation.install import patches  # noqa: PLC0415 - loaded already

        patches.remove()
    runtime.shutdown(runtime.settings.shutdown_timeout_seconds)


@contextmanager
def capturing(settings: Settings) -> Iterator[None]:
    """Record with ``settings`` in this block; after it, what was in force before continues.

    Their exporters also get what an ``instrument()`` of the app records within the block.
    """
    with InForce.lock:
        former, InForce.runtime = InForce.runtime, None
        listening, InForce.listening = InForce.listening, ()
    try:
        begin(settings)
        InForce.listening = settings.exporters
        yield
    finally:
        InForce.listening = listening
        end()
        _resume(former)


def _resume(former: Runtime | None) -> None:
    if former is None or former.stopped:
        return
    from threadtrail.instrumentation.install import patches, targets  # noqa: PLC0415 - loaded already
    from threadtrail.sources import SOURCES  # noqa: PLC0415 - loaded already

    with InForce.lock:
        InForce.runtime = former
        former.start()
        patches.install(targets(SOURCES))


def _start(loaded: LoadedExporters, settings: Settings) -> dict[str, str]:
    """Let the exporters get ready; if one cannot, those before it are closed again.

    Return why each is switched off that is.
    """
    started: list[LoadedExporter] = []
    switched_off: dict[str, str] = {}
    for item in loaded:
        try:
            reason = item.start(settings)
        except BaseException:
            _close(started)
            raise
        started.append(item)
        if item.unmarked is not None:
            logger.warning("exporter %r: %s", item.name, item.unmarked)
        if reason is not None:
            switched_off[item.name] = reason
            logger.warning("exporter %r is switched off: %s; its events count as dropped", item.name, reason)
    return switched_off


def _close(started: Iterable[LoadedExporter]) -> None:
    for item in started:
        guard.call(f"closing exporter {item.name!r}", item.hooks.shutdown or _nothing, timeout=0.0)


def _nothing(**_arguments: object) -> None:
    """What an exporter without the hook does."""


def settings_in_force() -> Settings | None:
    """Return what the last ``instrument()`` was configured with; None if nothing is recorded."""
    runtime = InForce.runtime
    return None if runtime is None or runtime.stopped else runtime.settings


def file_in_force() -> ConfigFile | None:
    """Return the configuration file that the last ``instrument()`` read; None if nothing is recorded."""
    return None if settings_in_force() is None else InForce.file
