"""The exporter: appends events to Redis Streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis  # noqa: TC002 - the core reads the types of options

from threadtrail.errors import ConfigurationError, EventsLostError
from threadtrail.exporters.each_event import each
from threadtrail.hookspecs import hookimpl
from threadtrail_redis.appending import Appender
from threadtrail_redis.connection import Target
from threadtrail_redis.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

__all__ = ["RedisExporter"]

MOST_STREAMS = 1024


class RedisExporter:
    """Appends every event to Redis Streams, from which ``threadtrail collect`` takes them.

    Events of one run are in one stream, whichever process sees it. No waiting event is ever removed
    to make room: if a stream is full, new events are lost, and counted.

    Args:
        url: the address, ``redis://host:6379/0``, ``rediss://…`` for TLS, or ``unix://…``, with a user, a
            password and query parameters that redis-py accepts.
        username: the user's name, if it is not in ``url``.
        password: the password, if it is not in ``url``.
        client: your own ``redis.Redis``, such as that of a Sentinel, instead of all of the above; its
            timeouts apply.
        prefix: the beginning of the names of all keys. All processes of a fleet, and its collectors, have the
            same.
        streams: the number of streams. The first process of a fleet sets it; if Redis has another
            number, that one is used.
        max_length: the maximum number of events that wait in one stream.
        retry_seconds: how long a batch is retried while Redis is unreachable, or has no room. Meanwhile,
            later
            events wait in the queue (the setting ``queue_size``).
        timeout: seconds to connect, and to wait for an answer.
    """

    harmless_options: frozenset[str] = frozenset({"streams", "max_length", "retry_seconds", "timeout"})

    def __init__(  # noqa: PLR0913 - an exporter's options are the parameters of what builds it
        self,
        url: str = "redis://localhost:6379/0",
        *,
        username: str | None = None,
        password: str | None = None,
        client: Redis | None = None,
        prefix: str = "threadtrail",
        streams: int = 16,
        max_length: int = 50_000,
        retry_seconds: float = 60.0,
        timeout: float = 5.0,
    ) -> None:
        self._target = Target(url=url, username=username, password=password, timeout=timeout, client=client)
        self._keys = Keys(prefix)
        self._streams = streams
        self._max_length = max_length
        self._retry_seconds = retry_seconds
        self._appender: Appender | None = None
        self._closed = False
        self._all_arrived = True

    @hookimpl
    def start(self) -> None:
        """Check the options; open no connection.

        Raises:
            ConfigurationError: an option is not valid.
        """
        if not 1 <= self._streams <= MOST_STREAMS:
            problem = f"it must be between 1 and {MOST_STREAMS}"
            raise ConfigurationError(problem, option="streams", value=self._streams)
        for option, value in (("max_length", self._max_length), ("timeout", self._target.timeout)):
            if not value > 0:
                raise ConfigurationError("it must be above 0", option=option, value=value)
        if not self._keys.prefix:
            raise ConfigurationError("it must not be empty", option="prefix", value="")
        self._target.close(self._target.connect())

    @hookimpl
    def destination(self) -> str:
        """Return the address of Redis."""
        return self._target.shown

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Append the batch, each event to the stream of its run.

        Raises:
            NotDeliveredError: Redis did not take it.
            EventsLostError: some events cannot be written as JSON, or found no room; the others are there.
        """
        if self._closed:
            return
        so_far, self._all_arrived = self._all_arrived, False
        items, lost = each(events, lambda event: (event, event.to_json()))
        refused = self._own_appender().append(items) if items else 0
        if refused:
            problem = f"{refused} of {len(events)} events found no room in Redis (max_length)"
            raise EventsLostError(problem, lost=refused + (lost.lost if lost else 0)) from lost
        if lost is not None:
            raise lost
        self._all_arrived = so_far

    @hookimpl
    def flush(self) -> bool:
        """Return False if events were lost since the last call; an exported batch is in Redis already."""
        arrived, self._all_arrived = self._all_arrived, True
        return arrived

    @hookimpl
    def shutdown(self) -> None:
        """Close the connection, unless it is the app's own."""
        self._closed = True
        appender, self._appender = self._appender, None
        if appender is not None:
            self._target.close(appender.client)

    @hookimpl
    def check(self, timeout: float) -> str:
        """Ask Redis whether it takes the login, and writes.

        Raises:
            CheckError: it does not answer, rejects the login, or would not keep what it is sent.
        """
        from threadtrail_redis.check import ask  # noqa: PLC0415 - apps do not need it

        return ask(self._target, self._keys, self._streams, timeout)

    @hookimpl
    def after_fork(self) -> None:
        """Leave the connection to the parent process, and become another sender."""
        self._appender = None

    def _own_appender(self) -> Appender:
        if self._appender is None:
            self._appender = Appender(
                self._target.connect(),
                target=self._target,
                keys=self._keys,
                streams=self._streams,
                max_length=self._max_length,
                retry_seconds=self._retry_seconds,
            )
        return self._appender
