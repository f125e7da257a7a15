"""Makes a client of redis-py from the exporter's options."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.connection import parse_url
from redis.exceptions import RedisError
from redis.retry import Retry

from threadtrail.checks import shown_address
from threadtrail.errors import ConfigurationError

SCHEMES = ("redis://", "rediss://", "unix://")

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Redis, and how to reach it. ``client`` is the app's own, which is used unchanged."""

    url: str = field(repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 5.0
    client: Redis | None = None

    @property
    def shown(self) -> str:
        """The address without user name, password and query."""
        return "the app's own Redis client" if self.client is not None else shown_address(self.url)

    def leads_to(self, address: str) -> bool:
        """Return whether another address names the same database."""
        try:
            return _database(self.url) == _database(address)
        except ValueError:
            return False

    def connect(self, *, timeout: float | None = None) -> Redis:
        """Return a client; it opens a connection with its first command, and retries none.

        Raises:
            ConfigurationError: redis-py does not accept the address.
        """
        if self.client is not None:
            return self.client
        if not self.url.startswith(SCHEMES):
            says = "it must begin with redis://, rediss:// (TLS) or unix://"
            raise ConfigurationError(says, option="url", value=self.shown)
        seconds = self.timeout if timeout is None else timeout
        login = {"username": self.username, "password": self.password}
        try:
            client: Redis = Redis.from_url(
                self.url,
                socket_timeout=seconds,
                socket_connect_timeout=seconds,
                health_check_interval=30,
                client_name="threadtrail",
                retry=Retry(NoBackoff(), 0),
                **{name: value for name, value in login.items() if value is not None},
            )
        except (ValueError, TypeError, RedisError) as error:  # which may quote the password
            says = "redis-py cannot read it; such as: redis://user:password@host:6379/0"
            raise ConfigurationError(says, option="url", value=self.shown) from error
        if not self._names_database_by_number:  # redis-py would use database 0
            says = "the number of the database must follow the host, such as: redis://host:6379/0"
            raise ConfigurationError(says, option="url", value=self.shown)
        return client

    @property
    def _names_database_by_number(self) -> bool:
        """Whether what follows the host, if anything does, is the number of a database."""
        address = urlsplit(self.url)
        return address.scheme == "unix" or re.fullmatch("[0-9/]*", unquote(address.path)) is not None

    def close(self, client: Redis) -> None:
        """Close the connections of a client that is not the app's."""
        if client is not self.client:
            client.close()


def _database(address: str) -> tuple[str, int, int]:
    """Return the host, or the path of a socket, the port and the number of the database.

    Raises:
        ValueError: redis-py does not know such an address.
    """
    parts: dict[str, Any] = parse_url(address)  # type: ignore[no-untyped-call]  # as redis-py has it
    host = str(parts.get("path") or parts.get("host") or "localhost")
    return "127.0.0.1" if host == "localhost" else host, int(parts.get("port", 6379)), int(parts.get("db", 0))


def back_off(*errors: type[Exception]) -> Retry:
    """Return redis-py's own retry, without an end: what it calls raises another error to end it."""
    return Retry(
        ExponentialWithJitterBackoff(cap=LONGEST_PAUSE_SECONDS, base=FIRST_PAUSE_SECONDS), -1, errors
    )
