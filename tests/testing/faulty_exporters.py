"""Exporters with one fault each, and a healthy one: what the conformance kit is tested with."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sqlite3
import sys
import threading
from typing import TYPE_CHECKING, Any

from threadtrail import hookimpl
from threadtrail.events import Run, RunCreated, RunEnded, TraceEnded, TraceStarted, TurnEnded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from threadtrail.events import Event

FOREVER = threading.Event()
"""Nobody ever sets it."""


class Healthy:
    """Writes a line for each run that ended; holds nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.write([event.run for event in events if isinstance(event, RunEnded)])

    def write(self, runs: Sequence[Run]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{run.id} {run.status}\n" for run in runs)


class Buffering(Healthy):
    """Writes at ``flush`` and ``shutdown``; in a forked child it forgets what its parent holds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.held: list[Run] = []

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.held += [event.run for event in events if isinstance(event, RunEnded)]

    @hookimpl
    def flush(self) -> None:
        self.write(self.held)
        self.held = []

    @hookimpl
    def shutdown(self) -> None:
        self.flush()

    @hookimpl
    def after_fork(self) -> None:
        self.held = []


class InADatabase(Healthy):
    """Writes into a file in which a mention of a run means nothing."""

    def write(self, runs: Sequence[Run]) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            database.execute("create table if not exists runs (id text)")
            database.executemany("insert into runs values (?)", [(run.id,) for run in runs])


class OfFailedRuns(Healthy):
    """Writes a line for each run that failed."""

    def write(self, runs: Sequence[Run]) -> None:
        super().write([run for run in runs if run.status == "failed"])


class InMemory:
    """Keeps the ids of failed runs; in a forked child it begins with none."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.failed += [
            event.run_id for event in events if isinstance(event, RunEnded) and event.run.status == "failed"
        ]


# --- export -------------------------------------------------------------------------------------


class Raises(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        raise RuntimeError("no")


class Exits(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        sys.exit("cannot go on")


class RaisesOnTraces(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        if any(isinstance(event, TraceStarted | TraceEnded) for event in events):
            raise AttributeError("run_id")
        super().export(events)


class RaisesOnTurns(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        if any(isinstance(event, TurnEnded) for event in events):
            raise AttributeError("run_id")
        super().export(events)


class WantsOutputs(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, TurnEnded):
                calls = [call for call in event.turn.tool_calls if call.kind == "function"]
                self.lengths = [len(call.output) for call in calls]  # type: ignore[arg-type]  # the fault
        super().export(events)


class WantsUsage(Healthy):
    def write(self, runs: Sequence[Run]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{run.id} {run.usage.total_tokens}\n" for run in runs)  # type: ignore[union-attr]  # the fault


class KnowsAllClasses(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.event == "FromTheFuture":
                raise KeyError(event.event)
        super().export(events)


class StopsAtUnknown(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.event == "FromTheFuture":
                self.write = lambda runs: None  # type: ignore[method-assign]  # the fault
            super().export([event])


class WantsContext(Healthy):
    @hookimpl
    def capture_context(self) -> object:
        return {"span": "of the app"}

    @hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[Any]) -> None:  # type: ignore[override]  # more arguments, as hooks may
        for context in contexts:
            context["span"]
        super().export(events)


class BoundToItsThread(Healthy):
    """Has a connection per thread, and makes one in the thread of ``start`` only."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.local = threading.local()

    @hookimpl
    def start(self) -> None:
        self.local.connection = "open"

    def write(self, runs: Sequence[Run]) -> None:
        assert self.local.connection == "open"
        super().write(runs)

    @hookimpl
    def shutdown(self) -> None:
        del self.local.connection


class CaptureRaises(Healthy):
    @hookimpl
    def capture_context(self) -> object:
        raise LookupError("no active span")


class ChangesEvents(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        for event in events:
            object.__setattr__(event, "provider", "mine")
        super().export(events)


# --- what arrives -------------------------------------------------------------------------------


class Loses(Buffering):
    """Keeps the last ten runs only."""

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        super().export(events)
        self.held = self.held[-10:]


class LosesSome(Healthy):
    def write(self, runs: Sequence[Run]) -> None:
        super().write([run for run in runs if not run.id.endswith("7")])


class DropsTheLast(Healthy):
    """Leaves out the last event of each batch."""

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        super().export(events[:-1])


class OneRunPerBatch(Healthy):
    def write(self, runs: Sequence[Run]) -> None:
        super().write(runs[:1])


class FlushesLater(Buffering):
    @hookimpl
    def flush(self) -> None:
        """Nothing: what is held waits for shutdown."""

    @hookimpl
    def shutdown(self) -> None:
        Buffering.flush(self)


class CannotFlush(Healthy):
    @hookimpl
    def flush(self) -> bool:
        return False


class Repeats(Buffering):
    @hookimpl
    def flush(self) -> None:
        self.write(self.held)


class WritesTwice(Healthy):
    """Every line twice, always: only an author who says what was delivered lets the kit see that."""

    def write(self, runs: Sequence[Run]) -> None:
        super().write(runs)
        super().write(runs)


class SecondShutdownRaises(Healthy):
    closed = False

    @hookimpl
    def shutdown(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class SecondShutdownHangs(Healthy):
    closed = False

    @hookimpl
    def shutdown(self) -> None:
        if self.closed:
            FOREVER.wait()
        self.closed = True


class SecondShutdownRepeats(Healthy):
    closed = False
    last: Sequence[Run] = ()

    def write(self, runs: Sequence[Run]) -> None:
        super().write(runs)
        self.last = runs or self.last

    @hookimpl
    def shutdown(self) -> None:
        if self.closed:
            self.write(self.last)
        self.closed = True


class WantsAnEvent(Healthy):
    last: Event

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.last = events[-1]
        super().export(events)

    @hookimpl
    def shutdown(self) -> None:
        self.path.with_suffix(".last").write_text(self.last.type)


# --- the application ----------------------------------------------------------------------------


class HangsInStart(Healthy):
    @hookimpl
    def start(self) -> None:
        FOREVER.wait()


class HangsInExport(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        FOREVER.wait()


class HangsInFlush(Healthy):
    @hookimpl
    def flush(self, timeout: float) -> None:
        FOREVER.wait()


class HangsInShutdown(Healthy):
    @hookimpl
    def shutdown(self) -> None:
        FOREVER.wait()


class StartRaises(Healthy):
    @hookimpl
    def start(self) -> None:
        raise OSError("no such key")


class ConnectsInStart(Healthy):
    @hookimpl
    def start(self) -> None:
        with socket.socket() as connection, contextlib.suppress(OSError):
            connection.connect(("127.0.0.1", 9))


class StartsSlowly(Healthy):
    @hookimpl
    def start(self) -> None:
        FOREVER.wait(0.1)


class CapturesSlowly(Healthy):
    @hookimpl
    def capture_context(self) -> object:
        FOREVER.wait(0.003)
        return None


class AddsALogHandler(Healthy):
    @hookimpl
    def start(self) -> None:
        logging.getLogger().addHandler(logging.NullHandler())


class SetsAVariable(Healthy):
    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        os.environ["FAULTY_EXPORTER"] = "was here"
        super().export(events)


class PatchesTheSdk(Healthy):
    @hookimpl
    def start(self) -> None:
        from openai.resources.beta.threads.messages import Messages

        original = Messages.create

        def create(*args: Any, **kwargs: Any) -> Any:
            return original(*args, **kwargs)

        Messages.create = create  # type: ignore[method-assign]  # the fault


class KeepsTheProcess(Healthy):
    @hookimpl
    def start(self) -> None:
        # As if it waited for more to do; it ends with the tests, so that these can end.
        threading.Thread(target=threading.main_thread().join, name="keeps-on").start()


# --- content ------------------------------------------------------------------------------------


class TakesContent(Healthy):
    """Looks for content where it was not given any: in the frames of the application."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.found: list[str] = []

    @hookimpl
    def capture_context(self) -> object:
        frame = sys._getframe()
        while frame.f_back is not None:
            frame = frame.f_back
            self.found.append(repr(frame.f_locals.get("kwargs")))
        return None

    @hookimpl
    def flush(self) -> None:
        self.leak(" ".join(self.found))

    def leak(self, text: str) -> None:
        raise NotImplementedError


class LeaksToAFile(TakesContent):
    def leak(self, text: str) -> None:
        self.path.with_suffix(".log").write_text(text)


class LeaksOfFailedRuns(TakesContent):
    """Writes nothing at all unless a run failed."""

    def write(self, runs: Sequence[Run]) -> None:
        failed = [run for run in runs if run.status == "failed"]
        if failed:
            super().write(failed)
            self.path.with_suffix(".log").write_text(" ".join(self.found))

    def leak(self, text: str) -> None:
        """Nothing: it was written with the run."""


class LeaksToTheTerminal(TakesContent):
    def leak(self, text: str) -> None:
        sys.stdout.write(text)


class LeaksToTheLog(TakesContent):
    def leak(self, text: str) -> None:
        logging.getLogger("faulty").warning("%s", text)


class LeaksToTheNetwork(TakesContent):
    def leak(self, text: str) -> None:
        import gzip

        receiver, sender = socket.create_server(("127.0.0.1", 0)), socket.socket()
        with receiver, sender:
            sender.connect(receiver.getsockname())
            sender.sendall(b"POST / HTTP/1.1\r\n\r\n" + gzip.compress(text.encode()))


# --- forks --------------------------------------------------------------------------------------


class ForkingExporter(Healthy):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.forked = False

    @hookimpl
    def after_fork(self) -> None:
        self.forked = True


class DiesAfterFork(ForkingExporter):
    def write(self, runs: Sequence[Run]) -> None:
        if self.forked:
            os._exit(3)
        super().write(runs)


class HangsAfterFork(ForkingExporter):
    def write(self, runs: Sequence[Run]) -> None:
        if self.forked:
            FOREVER.wait()
        super().write(runs)


class RaisesAfterFork(ForkingExporter):
    def write(self, runs: Sequence[Run]) -> None:
        if self.forked:
            raise BrokenPipeError("the connection is the parent's")
        super().write(runs)


class SilentAfterFork(ForkingExporter):
    def write(self, runs: Sequence[Run]) -> None:
        if not self.forked:
            super().write(runs)


class ExportsTheParents(Buffering):
    """Holds the runs of an open trace, and does not forget them in the child."""

    @hookimpl
    def after_fork(self) -> None:
        """Nothing."""


class SharesTheConnection(Healthy):
    """One connection for parent and child."""

    def __init__(self, path: Path, address: tuple[str, int]) -> None:
        super().__init__(path)
        self.address = address
        self.connection: socket.socket | None = None

    def write(self, runs: Sequence[Run]) -> None:
        if self.connection is None:
            self.connection = socket.create_connection(self.address)
        for run in runs:
            self.connection.sendall(f"{run.id}\n".encode())
        super().write(runs)

    @hookimpl
    def shutdown(self) -> None:
        if self.connection is not None:
            self.connection.close()


# --- a backend that is away ---------------------------------------------------------------------


class IgnoresTheLoss(Healthy):
    def write(self, runs: Sequence[Run]) -> None:
        with contextlib.suppress(OSError):
            super().write(runs)


class UsesAllItsTime(Healthy):
    """Healthy: it waits for its backend as long as it may, and says that it could not deliver."""

    @hookimpl
    def flush(self, timeout: float) -> bool:
        FOREVER.wait(timeout)
        return False


class HangsInCheck(Healthy):
    @hookimpl
    def check(self, timeout: float) -> str | None:
        FOREVER.wait()
        return None


class ChecksWrongly(Healthy):
    @hookimpl
    def check(self) -> str:
        raise RuntimeError("I cannot tell")


# --- hooks --------------------------------------------------------------------------------------


class Misspelt(Healthy):
    @hookimpl
    def shut_down(self) -> None:
        """Never called."""


class Wraps(Healthy):
    @hookimpl(wrapper=True)
    def flush(self) -> Any:
        yield


class Unmarked:
    def __init__(self, path: Path) -> None:
        self.path = path

    def export(self, events: Sequence[Event]) -> None:
        """Never called."""


class MarksSome(Healthy):
    def start(self) -> None:
        """Never called."""

    @hookimpl
    def flush(self) -> None: ...

    def shutdown(self) -> None:
        """Never called either."""


class ExportsCreatedRuns(Healthy):
    """Healthy too, but writes nothing that identifies a run."""

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines("a run\n" for event in events if isinstance(event, RunCreated))
