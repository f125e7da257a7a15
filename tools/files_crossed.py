"""Count the files of threadtrail that a changed ``runs.retrieve`` passes, from the app's call to ``export``.

    python files_crossed.py

Every call of a function of threadtrail is noted with its file, in all threads, after a whole run has done
what is done only once. A file also counts if one of its functions is on the stack below such a call.
"""

from __future__ import annotations

import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai import DefaultHttpxClient, OpenAI

import threadtrail
from threadtrail.testing.server import AssistantsServer, RunScript

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from threadtrail.events import Event

POLLS = 5
SECONDS = 20.0


class Files:
    """Notes the files whose functions are called while it is ``on``, by thread and in order."""

    def __init__(self) -> None:
        self.on = False
        self.calls: dict[int, dict[str, set[str]]] = {}
        self.others: set[int | None] = set()

    def note(self, frame: FrameType, what: str, _argument: object) -> None:
        """Note a call that the interpreter reports."""
        if not self.on or what != "call" or threading.get_ident() in self.others:
            return
        found: list[FrameType] = []
        caller: FrameType | None = frame
        while caller is not None:
            if file_of(caller):
                found.append(caller)
            caller = caller.f_back
        if not file_of(frame):
            return
        of_thread = self.calls.setdefault(threading.get_ident(), {})
        for each in reversed(found):
            of_thread.setdefault(file_of(each), set()).add(each.f_code.co_qualname)


def file_of(frame: FrameType) -> str:
    """Return the file of threadtrail, or of one of its plugins, that has the frame's code; else ``None``."""
    module = str(frame.f_globals.get("__name__"))
    package, file = module.partition(".")[0], Path(frame.f_code.co_filename)
    if file.suffix != ".py" or not (package == "threadtrail" or package.startswith("threadtrail_")):
        return ""
    depth = module.count(".") + (2 if file.stem == "__init__" else 1)
    return "/".join(file.parts[-depth:])


class Arrival:
    """An exporter that stops noting when the change of status has arrived."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.arrived = threading.Event()
        self.thread = 0

    @threadtrail.hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Look for the change of status."""
        if self._files.on and any(event.event == "RunStatusChanged" for event in events):
            self._files.on = False
            self.thread = threading.get_ident()
            self.arrived.set()


def main() -> None:
    """Make the call, and print the files that it passed."""
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's, of every Assistants method
    files = Files()
    arrival = Arrival(files)
    with AssistantsServer(RunScript("Fine.", polls=POLLS, queued_polls=2)) as server:
        files.others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
        threading.setprofile(files.note)
        plain = DefaultHttpxClient(verify=False)
        with (
            threadtrail.instrument(exporters=[arrival]),
            OpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain) as client,
        ):
            retrieve(client, files, polls=POLLS)
            retrieve(client, files, polls=2, then_noted=True)
            if not arrival.arrived.wait(SECONDS):
                raise TimeoutError(f"no change of status arrived within {SECONDS} s")
        threading.setprofile(None)
    show(files.calls, arrival.thread)


def retrieve(client: OpenAI, files: Files, *, polls: int, then_noted: bool = False) -> None:
    """Retrieve a new run this many times, then perhaps once more, noted, when its status has changed."""
    beta: Any = client.beta
    run = beta.threads.create_and_run(assistant_id=beta.assistants.create(model="gpt-4o").id)
    for _ in range(polls):
        run = beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
    threadtrail.flush(SECONDS)
    if then_noted:
        before = run.status
        sys.setprofile(files.note)
        files.on = True
        run = beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
        sys.setprofile(None)
        if run.status == before:
            raise RuntimeError(f"the run is still {before}")


def show(calls: dict[int, dict[str, set[str]]], exporting: int) -> None:
    """Print the files of each thread."""
    app = threading.get_ident()
    titles = {app: "the app's thread", exporting: "the thread that exports"}
    for thread in sorted(calls, key=lambda each: (each == exporting, each != app)):
        print(f"{titles.get(thread, 'the thread between them')}:")
        for file, names in calls[thread].items():
            print(f"  {file:45} {' '.join(sorted(names))}")
    distinct = {file for files in calls.values() for file in files}
    print(f"{len(distinct)} files")


if __name__ == "__main__":
    main()
