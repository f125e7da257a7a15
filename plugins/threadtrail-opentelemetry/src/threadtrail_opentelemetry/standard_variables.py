"""OpenTelemetry's standard variables that decide where providers of our own send to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

from threadtrail.config.problems import Problems
from threadtrail_opentelemetry.addresses import EXAMPLE, is_address, no_address

if TYPE_CHECKING:
    from collections.abc import Iterable

Signal = Literal["traces", "metrics", "logs"]

PROTOCOL: Final = "http/protobuf"
CREDENTIAL_PROVIDER: Final = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER"
PROVIDERS: Final[dict[Signal, str]] = {
    "traces": "tracer_provider",
    "metrics": "meter_provider",
    "logs": "logger_provider",
}


def names_collector(signal: Signal) -> bool:
    """Whether a collector is set for this signal."""
    return _endpoint(signal) is not None


def address(signal: Signal) -> str | None:
    """Return the address that is set for this signal; its path may be missing."""
    variable = _endpoint(signal)
    return None if variable is None else os.environ[variable]


def switched_off(signal: Signal) -> bool:
    """Whether this signal must not be sent."""
    return has_value(f"OTEL_{signal.upper()}_EXPORTER", "none")


def credential_provider(signal: Signal) -> str | None:
    """Return the variable that names a session of the program's own for this signal, if one is set."""
    own = CREDENTIAL_PROVIDER.replace("_CREDENTIAL", f"_{signal.upper()}_CREDENTIAL")
    return next((name for name in (own, CREDENTIAL_PROVIDER) if os.environ.get(name)), None)


def has_value(variable: str, value: str) -> bool:
    """Whether the variable has this value; case does not matter."""
    return os.environ.get(variable, "").strip().lower() == value


def check(signals: Iterable[Signal]) -> None:
    """Check the variables for these signals, whose data would be lost otherwise.

    Raises:
        ConfigurationError: a protocol is not supported, or an address is none.
    """
    by_variable: dict[str, str] = {}  # one for all signals is reported once
    for signal in signals:
        variable, problem = _problem(signal)
        if variable is not None:
            by_variable.setdefault(variable, problem)
    problems = Problems()
    problems.add(*by_variable.values())
    problems.raise_if_any()


def _problem(signal: Signal) -> tuple[str | None, str]:
    """Return the variable that is wrong for this signal, and what is wrong with it."""
    protocol, endpoint = _first("PROTOCOL", signal), _endpoint(signal)
    if protocol is not None and os.environ[protocol].strip() != PROTOCOL:
        # The endpoint is not checked: other protocols have other addresses.
        return protocol, (
            f"exporter 'opentelemetry': {protocol}={os.environ[protocol]} is not supported without a "
            f"provider of your own. Set {protocol}={PROTOCOL} (its port is usually 4318), or pass "
            f"{PROVIDERS[signal]}=..."
        )
    if endpoint is None or is_address(os.environ[endpoint]):
        return None, ""
    example = EXAMPLE if endpoint == _name("ENDPOINT") else f"{EXAMPLE}/v1/{signal}"
    return endpoint, f"exporter 'opentelemetry': {no_address(endpoint, os.environ[endpoint], example)}"


def _endpoint(signal: Signal) -> str | None:
    return _first("ENDPOINT", signal)


def _first(what: str, signal: Signal) -> str | None:
    """Return the variable that decides: the signal's own, else that for all; ``None`` if none is set."""
    names = (_name(what, signal), _name(what))
    return next((name for name in names if os.environ.get(name)), None)


def _name(what: str, signal: Signal | None = None) -> str:
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what}" if signal else f"OTEL_EXPORTER_OTLP_{what}"
