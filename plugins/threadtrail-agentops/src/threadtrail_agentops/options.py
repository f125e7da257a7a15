"""The exporter's options: the given ones, then the variables of AgentOps' own SDK, then the defaults."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from threadtrail.errors import ConfigurationError
from threadtrail.otlp.origins import origin, same_origin

NativeInstrumentation = Literal["warn", "unwrap"]
"""What to do about the native SDK's own wrappers of Assistants methods."""

ENDPOINT = "https://api.agentops.ai"
EXPORTER_ENDPOINT = "https://otlp.agentops.ai/v1/traces"

API = ("AGENTOPS_API_ENDPOINT", ENDPOINT)
SPANS = ("AGENTOPS_EXPORTER_ENDPOINT", EXPORTER_ENDPOINT)
"""The variable of each address, and its default."""

NO_KEY = (
    "exporter 'agentops': there is no API key. Set the environment variable AGENTOPS_API_KEY, or pass "
    'exporters={"agentops": {"api_key": ...}}. The key of a project is at '
    "https://app.agentops.ai/settings/projects."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options; ``None`` if one is not set."""

    api_key: str | None = None
    endpoint: str | None = None
    exporter_endpoint: str | None = None
    tags: Sequence[str] | None = None
    trace_name: str | None = None
    environment: str | None = None
    native_instrumentation: NativeInstrumentation = "warn"
    timeout: float = 10.0
    retry_seconds: float = 30.0

    def __post_init__(self) -> None:
        allowed = get_args(NativeInstrumentation)
        if self.native_instrumentation not in allowed:
            raise ConfigurationError(
                f"native_instrumentation={self.native_instrumentation!r}: choose one of {', '.join(allowed)}"
            )
        if isinstance(self.tags, str):
            raise ConfigurationError(f"tags={self.tags!r}: pass a list of strings, such as [{self.tags!r}]")
        if self.timeout <= 0:
            raise ConfigurationError(f"timeout={self.timeout!r}: choose a number of seconds above 0")
        if self.retry_seconds < 0:
            raise ConfigurationError(f"retry_seconds={self.retry_seconds!r}: choose 0 or more seconds")
        for name in ("endpoint", "exporter_endpoint"):
            _check_address(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The addresses to deliver to, and the values that every trace has."""

    api_key: str
    token_url: str
    exporter_endpoint: str
    tags: tuple[str, ...]
    trace_name: str | None
    environment: str | None
    timeout: float
    retry_seconds: float


def resolve(options: Options) -> Target:
    """Take options that are not set from the environment.

    Raises:
        ConfigurationError: there is no API key, or a variable is not an address.
    """
    _check_hosts(options)
    api_key = options.api_key or os.environ.get("AGENTOPS_API_KEY", "").strip()
    if not api_key:
        raise ConfigurationError(NO_KEY)
    tags = options.tags if options.tags is not None else _listed("AGENTOPS_DEFAULT_TAGS")
    return Target(
        api_key=api_key,
        token_url=f"{_address(options.endpoint, *API)}/v3/auth/token",
        exporter_endpoint=_address(options.exporter_endpoint, *SPANS),
        tags=tuple(tags),
        trace_name=options.trace_name or os.environ.get("AGENTOPS_TRACE_NAME") or None,
        environment=options.environment or os.environ.get("AGENTOPS_ENVIRONMENT") or None,
        timeout=options.timeout,
        retry_seconds=options.retry_seconds,
    )


def _check_hosts(options: Options) -> None:
    """Refuse to send the environment's key, or a token of one host, to another host.

    Raises:
        ConfigurationError: the addresses, or an address and the key, do not belong together.
    """
    other_api = _is_elsewhere(options.endpoint, *API)
    if other_api and options.api_key is None and os.environ.get(API[0]):
        raise ConfigurationError(
            f"the key in AGENTOPS_API_KEY belongs to {origin(os.environ[API[0]])} ({API[0]}), and no other "
            "host gets it. Give api_key beside endpoint, or leave endpoint out.",
            option="endpoint",
            value=options.endpoint,
        )
    if other_api and options.exporter_endpoint is None:
        raise ConfigurationError(
            f"its tokens would be sent to {origin(_address(None, *SPANS))}. Give exporter_endpoint too.",
            option="endpoint",
            value=options.endpoint,
        )
    if options.endpoint is None and _is_elsewhere(options.exporter_endpoint, *SPANS):
        raise ConfigurationError(
            f"the tokens of {origin(_address(None, *API))} would be sent there. Give endpoint too.",
            option="exporter_endpoint",
            value=options.exporter_endpoint,
        )


def _is_elsewhere(given: str | None, variable: str, default: str) -> bool:
    """Return whether the option names another host than the environment or the default."""
    return given is not None and not same_origin(given, os.environ.get(variable) or default)


def _listed(variable: str) -> list[str]:
    return [item.strip() for item in os.environ.get(variable, "").split(",") if item.strip()]


def _address(given: str | None, variable: str, default: str) -> str:
    found = given or os.environ.get(variable) or default
    _check_address(variable, found)
    return found.rstrip("/")


def _check_address(name: str, value: str | None) -> None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise ConfigurationError(
            f"{name}={value!r}: give the whole address, with http:// or https://, such as {ENDPOINT}"
        )
