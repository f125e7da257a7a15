"""The loop that records: in its own thread or, if there is none, in one of the app's; in one at a time.

The app's threads only put observations and ask requests. That needs no lock: a signal handler may interrupt a
thread at any point, and do the same.
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
"""How long the thread lets observations gather after it wakes. It wakes at most five times a second, and
competes less with the app's threads for the interpreter."""

LONGEST_SLEEP_SECONDS = 1.0
"""The longest sleep while runs are open: what a finaliser puts does not wake the thread."""

START_AGAIN_SECONDS = 1.0
"""The pause after a thread could not be started; after it, the next observation tries again."""


@dataclass(slots=True, eq=False)
class Request:
    """A request to the recording thread; ``done`` is set when it is answered, after ``then`` was called."""

    what: Literal["read on", "settle", "change", "end", "leave"]
    then: Callable[[], object] | None = None
    done: Latch = field(default_factory=Latch)


class Records(Protocol):
    """What the loop calls; one thread at a time."""

    def take(self, observation: Observation, now: float) -> None:
        """Take an observation."""

    def tick(self, now: float) -> None:
        """Do what is due."""

    def next_deadline(self) -> float | None:
        """Return the time at which ``tick`` has something to do next; ``None`` if there is nothing."""

    def answer(self, request: Request) -> None:
        """Do what a request asks for."""


class RecordingLoop:
    """Takes observations and requests from the inbox, in order, until it is asked to leave.

    ``thread`` is the thread that was started last; ``None`` if none was, or if something else has ended it.
    ``closed`` says that nothing is taken any more. ``misread`` counts the observations that could not be
    taken, or were lost with the thread.
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
        """Start the thread. If two of the app's threads start one each, the second one ends at once."""
        if time.monotonic() < self._may_start_at:
            return
        ends = self._ends
        self.thread, error = self._guard.catch(start_thread, self._run, "threadtrail-recorder")
        if self._ends != ends:
            self.thread = None  # it was ended before this assignment
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
        # If it is closed by now, perhaps nobody is left to answer this request.
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
        """Whether the calling thread is the one that is recording, so that it must not wait for an answer.

        This is so when a signal handler, a finaliser or ``redact`` calls ``flush``.
        """
        return threading.get_ident() in self._recording_in

    def _answered_here(self, request: Request, deadline: float) -> bool:
        """Answer in the calling thread if there is no other one; return whether it was answered.

        There is none if nothing was observed yet, or if no thread can be started.
        """
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
        """Record in this thread alone; yield False if another one did not stop within ``timeout`` seconds."""
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
                while not self._is_over(request):
                    request = self._wait_and_take()
                    self._guard.call("recording", self._records.tick, time.monotonic())
                    if request is not None:
                        self._reply(request)
        finally:
            if not self._is_over(request):
                self._was_ended()

    def _is_over(self, request: Request | None) -> bool:
        """Return whether the thread has no more to do.

        A signal handler may shut the recorder down while the app's thread is about to start this one.
        """
        return self._left.result is not None or (request is not None and request.what == "leave")

    def _was_ended(self) -> None:
        """Let the next observation start a thread: something else (a debugger, say) is ending this one."""
        self._ends += 1
        self._busy = False
        self.misread += 1  # the observation that it took last may be lost
        self.thread = None
        self._claims.pop("thread", None)
        self._guard.report("the recorder's thread", "was ended; the next call of the SDK starts another one")

    def _wait_and_take(self) -> Request | None:
        """Sleep until there is something to do, take what has gathered, and return a request if one is met.

        While observations keep coming, the thread sleeps for a fixed time: if each put woke it, it would wait
        for the interpreter lock, and slow down the thread that holds it each time that one releases it.
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
        # An app that has just flushed is likely to go on, so the next sleep is a short one, too.
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
        """Take everything that is in the inbox, without waiting."""
        while len(self.inbox):
            observation, request = self.inbox.take()
            if observation is not None:
                self._take(observation)
            if request is not None:
                self._reply(request)

    def close(self) -> None:
        """Read the inbox a last time, and take nothing after that; called to answer a request to leave."""
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
