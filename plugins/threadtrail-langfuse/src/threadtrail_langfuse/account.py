"""Keys and address of a Langfuse project: from the options, the app's own client or Langfuse's variables."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from langfuse import Langfuse, LangfuseOtelSpanAttributes
from opentelemetry.sdk.resources import Resource

from threadtrail.config.problems import Problems
from threadtrail.errors import ConfigurationError
from threadtrail.otlp.origins import key_mark, origin, same_origin
from threadtrail.otlp.provider import sdk_switched_off
from threadtrail_langfuse import sdk_internals
from threadtrail_langfuse.sdk_internals import Manager
from threadtrail_langfuse.variables import Numbers, read_numbers, variable

OF_ONE_HOST = ("secret_key", "base_url", "additional_headers", "httpx_client")
"""The settings of a client that belong to its host."""
CLOUD = "https://cloud.langfuse.com"
ENVIRONMENT = re.compile(r"(?!langfuse)[a-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The exporter's options; ``None`` if one is not set."""

    client: Langfuse | None = None
    public_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    environment: str | None = None
    release: str | None = None
    version: str | None = None
    timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One Langfuse project, and how to reach it.

    ``manager`` is that of the app's own client, if there was one at the start; ``owner()`` also finds one
    that the app makes later for this key. ``resource`` describes this process on every observation; it is
    determined at the start, since that is not possible while the process exits. ``numbers`` are those of the
    environment, read and checked at the start.
    """

    public_key: str
    given: Given
    manager: Manager | None = None
    resource: Resource = field(default_factory=lambda: Resource({}))
    numbers: Numbers = field(default_factory=Numbers)

    def owner(self) -> Manager | None:
        """Return the manager of the app's own client for this key, if there is one by now."""
        if self.given.client is not None:
            return self.manager
        return sdk_internals.registered(self.public_key) or self.manager

    def settings(self, owner: Manager | None) -> dict[str, Any]:
        """Return the arguments for a client: those of the app's own client, replaced by the options."""
        names = ("secret_key", "base_url", "environment", "release", "timeout")
        given = {name: value for name in names if (value := getattr(self.given, name)) is not None}
        inherited = {} if owner is None else sdk_internals.client_settings(owner)
        if owner is not None and not self.shares_host(owner):
            inherited = {name: value for name, value in inherited.items() if name not in OF_ONE_HOST}
        inherited = {name: value for name, value in inherited.items() if value is not None}
        settings = {"secret_key": self._secret_of_environment(owner), **self._numbers(), **inherited, **given}
        address = settings.get("base_url") or default_address()
        return {**settings, "public_key": self.public_key, "base_url": address.rstrip("/")}

    def _numbers(self) -> dict[str, Any]:
        """Return the numbers as arguments for a client, which then reads no variable for them."""
        numbers = asdict(self.numbers)
        del numbers["queue_size"]
        return numbers

    def shares_host(self, owner: Manager) -> bool:
        """Return whether observations go to the host of the app's own client: its keys go to no other."""
        return self._is_at(owner.base_url)

    def host_of_keys(self, owner: Manager | None) -> str | None:
        """Return the address that the keys of the environment and of the app's client belong to, if any."""
        return named_address() if owner is None else owner.base_url

    def why_switched_off(self) -> str | None:
        """Return why the app's own client sends nothing; ``None`` if it sends, or there is none."""
        owner = self.owner()
        return None if owner is None or owner.tracing_enabled else "the app's Langfuse client is switched off"

    def destination(self) -> str:
        """Return the host and the project, or the exporter of the app's own client that sends."""
        owner = self.owner()
        if owner is not None and owner.span_exporter is not None and self.shares_host(owner):
            return f"the span exporter of the app's Langfuse client ({type(owner.span_exporter).__name__})"
        return f"{origin(self.settings(owner)['base_url'])}, {key_mark(self.public_key)}"

    def _secret_of_environment(self, owner: Manager | None) -> str | None:
        """Return the secret key, unless it belongs to another host than the option ``base_url``."""
        host = named_address() or self.host_of_keys(owner)
        return variable("LANGFUSE_SECRET_KEY") if self._is_at(host) else None

    def _is_at(self, address: str | None) -> bool:
        """Return whether the option ``base_url`` names no other host than this address."""
        return None in {self.given.base_url, address} or same_origin(str(self.given.base_url), str(address))

    def defaults(self, owner: Manager | None) -> dict[str, str]:
        """Return the fields that every observation has from its start: environment, release, version."""
        settings, names = self.settings(owner), LangfuseOtelSpanAttributes
        values = {
            names.ENVIRONMENT: settings.get("environment") or variable("LANGFUSE_TRACING_ENVIRONMENT"),
            names.RELEASE: settings.get("release") or variable("LANGFUSE_RELEASE"),
            names.VERSION: self.given.version,
        }
        return {name: value for name, value in values.items() if value}


def find_account(given: Given) -> Account:
    """Return the account that the options, the app's own client and the environment define.

    Raises:
        ConfigurationError: keys are missing or mixed up, or another setting is not valid.
    """
    account = _of_client(given) if given.client is not None else _of_keys(given)
    problems = Problems()
    _check_keys(given, account, problems)
    _check_rest(given, problems)
    numbers = read_numbers(problems)
    problems.raise_if_any()
    return replace(account, numbers=numbers, resource=Resource.create(account.defaults(None)))


def why_switched_off() -> str | None:
    """Return why nothing is sent from this process; ``None`` if observations are."""
    if (variable("LANGFUSE_TRACING_ENABLED") or "true").lower() == "false":
        return "LANGFUSE_TRACING_ENABLED is false"
    return sdk_switched_off()


def named_address() -> str | None:
    """Return the server's address in the variables; None if there is none."""
    return variable("LANGFUSE_BASE_URL") or variable("LANGFUSE_HOST")


def default_address() -> str:
    """Return the default address of the server: from the variables, else Langfuse's cloud."""
    return named_address() or CLOUD


def _of_client(given: Given) -> Account:
    manager = sdk_internals.manager_of(given.client) if given.client is not None else None
    if manager is None:
        raise ConfigurationError(
            "client: this Langfuse client is switched off, since it was made without keys. Make it with "
            "public_key= and secret_key=, or set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY before."
        )
    return Account(public_key=manager.public_key, given=given, manager=manager)


def _of_keys(given: Given) -> Account:
    key = given.public_key or variable("LANGFUSE_PUBLIC_KEY")
    if key is not None:
        return Account(public_key=key, given=given, manager=sdk_internals.registered(key))
    keys = sdk_internals.active_keys()
    if len(keys) == 1:
        return Account(public_key=keys[0], given=given, manager=sdk_internals.registered(keys[0]))
    if keys:
        raise ConfigurationError(
            f"there are Langfuse clients for {len(keys)} projects ({', '.join(sorted(keys))}). Choose one "
            "with LANGFUSE_PUBLIC_KEY, or with the option public_key or client."
        )
    missing = ["LANGFUSE_PUBLIC_KEY"]
    if given.secret_key is None and variable("LANGFUSE_SECRET_KEY") is None:
        missing.append("LANGFUSE_SECRET_KEY")
    raise ConfigurationError(_missing(*missing))


def _check_keys(given: Given, account: Account, problems: Problems) -> None:
    owner = account.owner()
    secret = account.settings(owner).get("secret_key")
    has_keys = owner is not None or variable("LANGFUSE_SECRET_KEY") is not None
    host = account.host_of_keys(owner)
    if secret is None and given.base_url is not None and has_keys and host is not None:
        problems.add(
            f"base_url={given.base_url!r}: the secret key that was found belongs to {origin(host)}, and no "
            "other host gets it. Give public_key and secret_key beside base_url, or leave base_url out."
        )
    elif secret is None:
        problems.add(_missing("LANGFUSE_SECRET_KEY"))
    elif account.public_key.startswith("sk-lf-") or secret.startswith("pk-lf-"):
        problems.add(
            "the Langfuse keys are mixed up: LANGFUSE_PUBLIC_KEY (option public_key) starts with pk-lf-, "
            "LANGFUSE_SECRET_KEY (option secret_key) with sk-lf-. Swap them."
        )
    if given.client is not None and given.public_key not in {None, account.public_key}:
        problems.add(
            f"public_key={given.public_key!r} is not the key of the client that was given "
            f"({account.public_key!r}): leave public_key out."
        )


def _check_rest(given: Given, problems: Problems) -> None:
    address = given.base_url or default_address()
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        problems.add(
            f"base_url={address!r} (option base_url, LANGFUSE_BASE_URL or LANGFUSE_HOST) is not an "
            f"address. Give the whole address, such as {CLOUD}."
        )
    if given.environment is not None and not ENVIRONMENT.fullmatch(given.environment):
        problems.add(
            f"environment={given.environment!r}: choose at most 40 lower-case letters, digits, hyphens and "
            "underscores that do not start with 'langfuse'."
        )
    if given.timeout is not None and given.timeout < 1:
        problems.add(f"timeout={given.timeout!r}: choose a whole number of seconds, 1 or more.")


def _missing(*variables: str) -> str:
    names = " and ".join(variables)
    options = " and ".join(f"{name.removeprefix('LANGFUSE_').lower()}=..." for name in variables)
    return (
        f"Langfuse keys are missing: set {names} in the environment (your project's settings show them), "
        f"give the exporter {options}, or make your own Langfuse(...) before instrument()."
    )
