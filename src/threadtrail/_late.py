"""Attributes that are made when they are first used: locks, queues and other objects that wait.

``gevent.monkey.patch_all()`` and ``eventlet.monkey_patch()`` replace the classes of ``threading`` and
``queue``. An object made before that blocks the whole program when it waits. An app may patch after
``instrument()``, as ``gunicorn -k gevent --preload`` does, so no object that can wait is made before it is
needed.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable

Made = TypeVar("Made")


class Late(Generic[Made]):
    """An attribute that ``make`` makes when it is first read. All threads get the same object.

    ``make`` is one of the functions below, which look up what they make when they are called.

    This takes no lock, which would have to be made before: if two threads read it first at the same time,
    both make one, and ``dict.setdefault``, which is atomic, decides which of them stays. The instance needs a
    ``__dict__``.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Made: ...

    def __get__(self, instance: Any, owner: type) -> Self | Made:
        if instance is None:
            return self
        made: Made = instance.__dict__.setdefault(self._name, self._make())
        return made

    def made(self, instance: object) -> Made | None:
        """Return the attribute of ``instance`` if it has been made; else None, and make nothing."""
        made: Made | None = instance.__dict__.get(self._name)
        return made

    def forget(self, instance: object) -> None:
        """Forget the attribute, so that it is made again when it is next read."""
        instance.__dict__.pop(self._name, None)


def lock() -> threading.Lock:
    """Return a new lock."""
    return threading.Lock()


def reentrant_lock() -> threading.RLock:
    """Return a new lock that its holder may take again."""
    return threading.RLock()


def condition() -> threading.Condition:
    """Return a new condition, with a reentrant lock."""
    return threading.Condition()


def event() -> threading.Event:
    """Return a new event."""
    return threading.Event()


def simple_queue() -> queue.SimpleQueue[Any]:
    """Return a new queue without a bound, into which a finaliser may put."""
    from queue import SimpleQueue  # noqa: PLC0415 - `import threadtrail` stays light

    return SimpleQueue()
