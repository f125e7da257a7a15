"""``propagate``: adds carriers to tasks of Celery and jobs of RQ, and reads those of requests to ASGI apps.

Only the configured ones are changed, when the app imports them. Keys that exist already stay:
OpenTelemetry's own instrumentation may have put its ``traceparent`` there.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail._frozen import clean_text
from threadtrail._guard import guard
from threadtrail.blocks import Block
from threadtrail.carrying.baggage import read_baggage
from threadtrail.carrying.pairs import OWN, TRACEPARENT, TRACESTATE, parse
from threadtrail.carrying.passing import carried, carrier
from threadtrail.context import here, merge
from threadtrail.servers.watching import Watching
from threadtrail.values import NO_ATTRIBUTES, Attributes, Carried

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from threadtrail.servers.watching import Change, Undo

KEYS = (TRACEPARENT, TRACESTATE, OWN)
BAGGAGE = "baggage"
HEADERS = frozenset({*KEYS, BAGGAGE})
USER, SESSION = "user.id", "session.id"
"""Members of ``baggage``, by OpenTelemetry's names."""


def watch(names: Iterable[str]) -> None:
    """Send carriers, and read them, in these libraries, also in those that are imported later."""
    watching.on([MODULES_OF[name] for name in names])


def unwatch() -> None:
    """Restore what was replaced."""
    watching.off()


# -- Celery: headers of a task's message ------------------------------------------------------------------

_of_task: dict[str, Block] = {}
"""The blocks of the tasks that are running."""


def _watch_celery(signals: ModuleType) -> Undo:
    receivers = {
        signals.before_task_publish: _task_is_sent,
        signals.task_prerun: _task_begins,
        signals.task_postrun: _task_ends,
    }
    for signal, receiver in receivers.items():
        signal.connect(receiver, weak=False)

    def undo() -> None:
        for signal, receiver in receivers.items():
            signal.disconnect(receiver)

    return undo


def _task_is_sent(headers: Any = None, **_arguments: Any) -> None:
    if isinstance(headers, MutableMapping):
        _add_to(headers)


def _task_begins(task_id: str, task: Any, **_arguments: Any) -> None:
    pairs = {key: task.request.get(key) for key in KEYS}
    block = guard.call("continuing a task", carried, pairs) if any(pairs.values()) else None
    if block is not None:
        _of_task[task_id] = block.__enter__()


def _task_ends(task_id: str, **_arguments: Any) -> None:
    block = _of_task.pop(task_id, None)
    if block is not None:
        block.__exit__(None, None, None)


# -- RQ: meta of a job ------------------------------------------------------------------------------------


def _watch_rq(module: ModuleType) -> Undo:
    job = module.Job
    create, perform = job.__dict__["create"], job.perform
    make = create.__func__
    begun = _job_that_runs(module)

    @functools.wraps(make)
    def create_with_carrier(cls: Any, *args: Any, **kwargs: Any) -> Any:
        made = make(cls, *args, **kwargs)
        made.meta = guard.call("adding a carrier to a job", _add_to, dict(made.meta or {})) or made.meta
        return made

    @functools.wraps(perform)
    def perform_with_carrier(self: Any) -> Any:
        _leave(begun)
        with carried(_meta_of(self)):
            return perform(self)

    replaced = classmethod(create_with_carrier)
    job.create, job.perform = replaced, perform_with_carrier

    def undo() -> None:
        _leave(begun)
        if job.__dict__["create"] is replaced:
            job.create = create
        if job.perform is perform_with_carrier:
            job.perform = perform

    return undo


def _job_that_runs(module: ModuleType) -> list[Block]:
    """Continue the work of the job in which this is called: a work-horse may import the app for its job only.

    Return its block, which is left before the next job of this process.
    """
    running = guard.call("continuing a job", module.get_current_job)
    return [carried(_meta_of(running)).__enter__()] if running is not None else []


def _leave(begun: list[Block]) -> None:
    while begun:
        begun.pop().__exit__(None, None, None)


def _meta_of(job: Any) -> Mapping[str, Any] | None:
    meta = getattr(job, "meta", None)
    return meta if isinstance(meta, Mapping) else None


# -- ASGI: headers of a request ---------------------------------------------------------------------------


def _watch_starlette(module: ModuleType) -> Undo:
    app = module.Starlette
    call = app.__call__

    @functools.wraps(call)
    async def call_with_carrier(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        found = guard.call("continuing a request", _carried_by, scope)
        if found is None or found == here().carried:  # as in an app that is mounted in another one
            return await call(self, scope, receive, send)
        with Block(NO_ATTRIBUTES, carried=found):
            return await call(self, scope, receive, send)

    app.__call__ = call_with_carrier

    def undo() -> None:
        if app.__call__ is call_with_carrier:
            app.__call__ = call

    return undo


def _carried_by(scope: Mapping[str, Any]) -> Carried | None:
    """Return the carrier in the headers of a request: the pairs themselves, or members of ``baggage``."""
    headers: dict[str, str] = {}
    for name, value in scope.get("headers") or ():
        key = name.decode("latin-1").lower()
        if key in HEADERS:
            text = value.decode("latin-1")
            headers[key] = f"{headers[key]},{text}" if key in headers else text
    if not headers:
        return None
    baggage = read_baggage(headers.get(BAGGAGE))
    found = parse({OWN: baggage.get(OWN), **headers})
    said = Attributes(user_id=_text(baggage.get(USER)), session_id=_text(baggage.get(SESSION)))
    if said == NO_ATTRIBUTES:
        return found
    found = found or Carried()
    return replace(found, attributes=merge(said, found.attributes))


def _text(value: str | None) -> str | None:
    return clean_text(value) if value else None


def _add_to(pairs: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add a carrier with the caller's attributes to the pairs, which stay in a queue of the app's own."""
    for key, value in carrier(attributes=True).items():
        pairs.setdefault(key, value)
    return pairs


MODULES: dict[str, Change] = {
    "celery.signals": _watch_celery,
    "rq.job": _watch_rq,
    "starlette.applications": _watch_starlette,
}
"""The modules to change, and their changes."""

MODULES_OF = {"celery": "celery.signals", "rq": "rq.job", "asgi": "starlette.applications"}

watching: Watching = Watching(MODULES)
