"""The three ways to watch the play: not at all, with threadtrail on, and with all of it failing."""

from __future__ import annotations

from collections import Counter
from typing import Any

FLUSH_TIMEOUT_SECONDS = 20.0


class Bare:
    """Does nothing, and imports nothing of threadtrail's instrumentation."""

    def before_import(self) -> None:
        """Act before the SDK is imported."""

    def after_import(self) -> None:
        """Act when the SDK is imported and has made clients."""

    def finish(self) -> dict[str, Any]:
        """Return what was recorded."""
        return {}


class On(Bare):
    """Instruments, and counts what an exporter gets."""

    def __init__(self) -> None:
        self.exporter: Any = None

    def after_import(self) -> None:
        import threadtrail

        self.exporter = _counting_exporter()
        threadtrail.instrument(exporters=[self.exporter])

    def finish(self) -> dict[str, Any]:
        import threadtrail

        threadtrail.shutdown(timeout=FLUSH_TIMEOUT_SECONDS)
        from threadtrail.delivery import guard

        return {
            "events": dict(self.exporter.types),
            "created": dict(self.exporter.created),
            "ended": dict(self.exporter.ended),
            "contained": guard.counts,
        }


class Chaos(Bare):
    """Instruments, and makes everything raise that runs on behalf of a call."""

    def __init__(self) -> None:
        self.raised: Counter[str] = Counter()

    def before_import(self) -> None:
        import threadtrail
        from differential import chaos

        threadtrail.instrument(exporters=[chaos.FaultyExporter(self.raised)])
        chaos.break_everything(self.raised)

    def finish(self) -> dict[str, Any]:
        import threadtrail

        threadtrail.shutdown(timeout=FLUSH_TIMEOUT_SECONDS)
        return {"raised": dict(self.raised)}


def make(mode: str) -> Bare:
    """Return the watcher of this mode."""
    watchers: dict[str, type[Bare]] = {"bare": Bare, "on": On, "chaos": Chaos}
    return watchers[mode]()


def _counting_exporter() -> Any:
    import threadtrail

    class CountingExporter:
        def __init__(self) -> None:
            self.types: Counter[str] = Counter()
            self.created: Counter[str] = Counter()
            self.ended: Counter[str] = Counter()

        @threadtrail.hookimpl
        def export(self, events: Any) -> None:
            for event in events:
                self.types[event.type] += 1
                if event.type == "thread.run.created":
                    self.created[event.run_id] += 1
                if event.type == "thread.run.ended":
                    self.ended[event.run.id] += 1

    return CountingExporter()
