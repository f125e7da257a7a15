"""Puts each run into the session of the run before it, as one process would that saw the runs of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.recording.sessions import ids_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.merging.linked import Linked
    from threadtrail.merging.stories import Server
    from threadtrail.values import Run

Name = tuple["Server", str]
"""A run, an item or a call, by its server and its id."""


class Sessions:
    """Finds the run that each run follows, in the order in which runs began and ended.

    A process that did not see that run names the session by the run's id, or by the id of the first run that
    it saw itself. Such an id is followed from run to run, to the first one that any process saw.
    """

    def __init__(self) -> None:
        self._begun: list[Linked] = []
        self._runs: dict[Name, Linked] = {}
        self._of_item: dict[Name, Linked] = {}
        self._before: dict[int, Linked] = {}

    def begin(self, run: Linked) -> None:
        """Take the beginning of a run, with its input."""
        before = self._found(run) or self._by_input(run)
        if before is not None:
            self._before[id(run)] = before
        self._begun.append(run)
        self._runs[run.server, run.run_id] = run

    def end(self, run: Linked) -> None:
        """Take the end of a run, whose items and calls may be in the input of later ones."""
        if run.end is not None and run.end.run.finished:
            self._of_item.update(((run.server, name), run) for name in _names(run.end.run))

    def put_in(self) -> None:
        """Set the session of each run."""
        found: dict[int, str | None] = {}
        for run in self._begun:
            self._find(run, found)
        for run in self._begun:
            if run.session_key is not None:
                run.session_key = found[id(run)] or run.session_key

    def _find(self, run: Linked, found: dict[int, str | None]) -> None:
        """Find the session of a run, and of those before it, however many there are."""
        path: dict[int, Linked] = {}
        here: Linked | None = run
        while here is not None and id(here) not in found and id(here) not in path:
            path[id(here)] = here
            here = self._follow(here)
        session: str | None = None
        if here is not None and id(here) in found:
            session = found[id(here)]
        elif here is not None:
            # A damaged recording: runs that follow each other in a circle have one session all the same.
            circle = list(path)[list(path).index(id(here)) :]
            session = min(path[each].run_id for each in circle)
        for each in reversed(path.values()):
            session = found[id(each)] = session or self._own(each)

    def _follow(self, run: Linked) -> Linked | None:
        """Return the run whose session a run has; ``None`` if its own is known without another run."""
        if not self._is_named_by_run(run) or _said(run) is not None:
            return None
        # By a clock that is behind, a run may begin before the one that it follows.
        return self._before.get(id(run)) or self._found(run)

    def _own(self, run: Linked) -> str | None:
        """Return the session of a run that follows none."""
        key = run.session_key or run.run_id
        return (_said(run) or key) if self._is_named_by_run(run) else key

    def _is_named_by_run(self, run: Linked) -> bool:
        """Return whether its session has the id of a run, and thus may be that of another one."""
        key = run.session_key
        return key in {None, run.run_id, _previous(run)} or (run.server, key) in self._runs

    def _found(self, run: Linked) -> Linked | None:
        """Return the run before it in the chain; if nobody saw that, the one that its session is named by."""
        before = self._runs.get((run.server, _previous(run) or ""))
        if before is None and run.session_key not in {None, run.run_id}:
            before = self._runs.get((run.server, run.session_key or ""))
        return before

    def _by_input(self, run: Linked) -> Linked | None:
        """Return the run whose item is in the input of one that names no other run, the newest first."""
        if run.end is None or _previous(run) is not None or run.session_key != run.run_id:
            return None
        known = (self._of_item.get((run.server, name)) for name in ids_in(run.end.run.input))
        return next((each for each in known if each is not None), None)


def _previous(run: Linked) -> str | None:
    """Return the id of the run before it in its chain; of a run without an end, as its request has it."""
    if run.end is not None:
        return run.end.run.previous_run_id
    return run.created.request.previous_response_id if run.created is not None else None


def _said(run: Linked) -> str | None:
    """Return the session that the app named, or the conversation: that comes before what a run follows."""
    about = run.end.run if run.end is not None else run.created
    if about is None:
        return None
    attributes = run.inherited.get("attributes", about.attributes)
    session_id: str | None = attributes.session_id
    return session_id or about.thread_id


def _names(run: Run) -> Iterator[str]:
    """Yield the ids by which the input of a later run shows that it follows this one."""
    yield run.id
    yield from (message.id for message in run.output if message.id is not None)
    yield from (step.id for step in run.steps if step.id is not None)
    for call in run.tool_calls:
        yield from (name for name in (call.id, call.item_id) if name)
