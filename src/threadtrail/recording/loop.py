"""The loop that records: in a thread of its own, or in one of the app's where there is none; one at a time.

The app's threads only put and ask. What they do here needs no lock, since a signal handler may do the same in
the middle of it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from threadtrail._late import Late, lock
from threadtrail._own_work import own_work, start_thread
from threadtrail._waiting import Bell, Latch, seconds_until
from threadtrail.recording.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail._guard import Guard
    from threadtrail.recording.observation import Observation

GATHER_SECONDS = 0.2
"""After waking, the thread lets observations gather this long: it wakes five times a second at most,
and competes less with the app's threads for the interpreter."""

LONGEST_SLEEP_SECONDS = 1.0
"""While runs are open, the thread looks up this often: what a finaliser put in wakes nobody."""

START_AGAIN_SECONDS = 1.0
"""How long after a thread could not be started it is tried again, with the next observation."""


@dataclass(slots=True, eq=False)
class Request:
    """A message to whoever records; ``done`` is set when it is answered, after ``then`` was called."""

    what: Literal["read on", "settle", "change", "end", "leave"]
    then: Callable[[], object] | None = None
    done: Latch = field(default_factory=Latch)


class Records(Protocol):
    """What the loop calls; one thread at a time."""

    def take(self, observation: Observation, now: float) -> None:
        """Take an observation."""

    def tick(self, now: float) -> None:
        """Do what the time has come for."""

    def next_deadline(self) -> float | None:
        """Return when ``tick`` has something to do next."""

    def answer(self, request: Request) -> None:
        """Do what a request asks for."""


class RecordingLoop:
    """Takes observations and requests from the inbox, in order, until it is asked to leave.

    ``thread`` is the one that was started last; None, too, after others have ended it. ``closed``: nothing is
    taken any more. ``misread`` counts the observations that could not be taken, or were lost with the thread.
    """

    # Made with the first observation, as the thread is.
    _request_waits = Late(Bell)
    _left = Late(Latch)
    _lock = Late(lock)

    def __init__(self, records: Records, guard: Guard) -> None:
        self.inbox: Inbox[Request] = Inbox()
        self.thread: threading.Thread | None = None
        self.misread: int = 0
        self.closed: bool = False
        self._records = records
        self._guard = guard
        self._may_start_at = 0.0
        self._recording_in: set[int] = set()
        self._claims: dict[str, threading.Thread] = {}
        self._busy = False
        self._in_hand = False
        self._ends = 0

    def start(self) -> None:
        """Start the thread. Two of the app's threads may start one each: the second one ends at once."""
        if time.monotonic() < self._may_start_at:
            return
        ends = self._ends
        self.thread, error = self._guard.catch(start_thread, self._run, "threadtrail-recorder")
        if self._ends != ends:
            self.thread = None  # it was ended again before it was kept here
        if error is not None:
            self._may_start_at = time.monotonic() + START_AGAIN_SECONDS
            happened = "cannot start a thread; what is observed waits for the exit, or for flush()"
            self._guard.report("the recorder", happened, error=error)

    # -- requests, in the app's threads -------------------------------------------------------------

    def ask(self, request: Request, deadline: float) -> bool:
        """Wait until the request is answered; return False if that takes longer than the deadline."""
        if self.is_here:
            return False
        if not self.closed:
            self.request(request, deadline)
        # Perhaps closed by now: then nobody may be left to answer this request.
        answered = self._left if self.closed else request.done
        answered.wait(seconds_until(deadline))
        return answered.result is True

    def request(self, request: Request, deadline: float = 0.0) -> None:
        """Pass a request to the thread, or answer it here if there is none."""
        if not self._answered_here(request, deadline):
            self.inbox.ask(request)
            self._request_waits.ring()

    @property
    def is_here(self) -> bool:
        """Whether this thread is just now recording, so that it cannot wait for the end of that.

        So it is for a signal handler, a finaliser or ``redact`` that flushes.
        """
        return threading.get_ident() in self._recording_in

    def _answered_here(self, request: Request, deadline: float) -> bool:
        """Answer in this thread, if there is no other: nothing was observed yet, or none can be started."""
        threads = (self.thread, self._claims.get("thread"))
        if self.is_here or any(thread is not None and thread.is_alive() for thread in threads):
            return False
        if RecordingLoop._lock.made(self) is None and not len(self.inbox):
            # Nothing was observed yet, so there is no lock either, and nothing to read.
            self._reply(request)
            return True
        with self._here(seconds_until(deadline)) as recording:
            if recording:
                self.read()
                self._reply(request)
        return recording

    @contextmanager
    def _here(self, timeout: float = -1) -> Iterator[bool]:
        """Record in this thread, which no other does meanwhile; wait for that ``timeout`` seconds at most."""
        me, only_one = threading.get_ident(), self._lock
        self._recording_in.add(me)
        recording = False
        try:
            recording = only_one.acquire(timeout=min(timeout, threading.TIMEOUT_MAX))
            with own_work():
                yield recording
        finally:
            if recording:
                self._drop_what_is_in_hand()
                only_one.release()
            self._recording_in.discard(me)

    # -- the thread ---------------------------------------------------------------------------------

    def _run(self) -> None:
        me = threading.current_thread()
        if self._claims.setdefault("thread", me) is not me:
            return
        request: Request | None = None
        try:
            with self._here():
                while request is None or request.what != "leave":
                    request = self._wait_and_take()
                    self._guard.call("recording", self._records.tick, time.monotonic())
                    if request is not None:
                        self._reply(request)
        finally:
            if request is None or request.what != "leave":
                self._was_ended()

    def _was_ended(self) -> None:
        """Let the next observation start a thread: this one is ended by others (a debugger, say)."""
        self._ends += 1
        self._busy = False
        self.misread += 1  # perhaps: what it took from the inbox last
        self.thread = None
        self._claims.pop("thread", None)
        self._guard.report("the recorder's thread", "was ended; the next call of the SDK starts another one")

    def _wait_and_take(self) -> Request | None:
        """Sleep until there is something to do, take what has gathered, stop at a request.

        While observations keep coming, the thread sleeps by the clock: a put that wakes it would make it
        queue for the interpreter lock, and whoever holds that then pays at each of its own releases.
        """
        observation: Observation | None = None
        request: Request | None = None
        if not self._busy:
            observation, request = self.inbox.take(self._sleep_seconds())
            if observation is None and request is None:
                return None
        if request is None:
            self._request_waits.wait(GATHER_SECONDS)
        self._busy = observation is not None or request is not None
        while request is None:
            if observation is not None:
                self._take(observation)
            observation, request = self.inbox.take()
            if observation is None and request is None:
                return None
            self._busy = True
        # Whoever asks (a flush) is likely to go on: wait by the clock once more before sleeping deep.
        self._busy = True
        return request

    def _sleep_seconds(self) -> float | None:
        next_deadline = self._records.next_deadline
        deadline: float | None = self._guard.call("recording", next_deadline, default=math.inf)
        if deadline is None:
            return None
        return max(0.0, min(deadline - time.monotonic(), LONGEST_SLEEP_SECONDS))

    # -- either -------------------------------------------------------------------------------------

    def read(self) -> None:
        """Take everything that is there, and wait for nothing."""
        while len(self.inbox):
            observation, request = self.inbox.take()
            if observation is not None:
                self._take(observation)
            if request is not None:
                self._reply(request)

    def close(self) -> None:
        """Read what is there, and take nothing after that; called while a request to leave is answered."""
        self.read()
        self.closed = True
        self.read()

    def _take(self, observation: Observation) -> None:
        self._in_hand = True
        _, error = self._guard.catch(self._records.take, observation, time.monotonic())
        if error is not None:
            self._drop_what_is_in_hand()
            self._guard.report("recording", error=error)
        self._in_hand = False

    def _drop_what_is_in_hand(self) -> None:
        self.misread += self._in_hand
        self._in_hand = False

    def _reply(self, request: Request) -> None:
        error: BaseException | None = None
        answered = False
        try:
            _, error = self._guard.catch(self._records.answer, request)
            answered = error is None
        finally:
            request.done.set(result=answered)
            if request.what == "leave":
                self._left.set(result=answered)
        if error is not None:
            self._guard.report("recording", error=error)
