"""OpenTelemetry's standard variables for the destination of the exporter's own providers."""

from __future__ import annotations

import math
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
    """Return whether a collector is set for this signal."""
    return _endpoint(signal) is not None


def address(signal: Signal) -> str | None:
    """Return the address that is set for this signal; its path may be missing."""
    variable = _endpoint(signal)
    return None if variable is None else os.environ[variable]


def switched_off(signal: Signal) -> bool:
    """Return whether this signal must not be sent."""
    return has_value(f"OTEL_{signal.upper()}_EXPORTER", "none")


def why_switched_off(signal: Signal) -> str | None:
    """Return why this signal must not be sent; ``None`` if it may."""
    return f"OTEL_{signal.upper()}_EXPORTER is none" if switched_off(signal) else None


def credential_provider(signal: Signal) -> str | None:
    """Return the variable that names a session of the program's own for this signal, if one is set."""
    own = CREDENTIAL_PROVIDER.replace("_CREDENTIAL", f"_{signal.upper()}_CREDENTIAL")
    return next((name for name in (own, CREDENTIAL_PROVIDER) if os.environ.get(name)), None)


def has_value(variable: str, value: str) -> bool:
    """Return whether the variable has this value; case does not matter."""
    return os.environ.get(variable, "").strip().lower() == value


def check(signals: Iterable[Signal]) -> None:
    """Check the variables for these signals, whose data would be lost otherwise.

    Raises:
        ConfigurationError: a protocol is not supported, an address is none, or a timeout never suffices.
    """
    signals = tuple(signals)
    by_variable: dict[str, str] = {}  # one for all signals is reported once
    for signal in signals:
        variable, problem = _problem(signal)
        if variable is not None:
            by_variable.setdefault(variable, problem)
    problems = Problems()
    problems.add(*by_variable.values(), *_timeout_problems(signals))
    problems.raise_if_any()


def check_timeouts(signals: Iterable[Signal]) -> None:
    """Check the variables that apply to every address.

    Raises:
        ConfigurationError: a timeout never suffices.
    """
    problems = Problems()
    problems.add(*_timeout_problems(signals))
    problems.raise_if_any()


def _timeout_problems(signals: Iterable[Signal]) -> list[str]:
    """Return what is wrong with each variable of a request's timeout."""
    variables = dict.fromkeys(_first("TIMEOUT", signal) for signal in signals)
    return [
        f"exporter 'opentelemetry': {variable}={os.environ[variable]!r} is not a number of seconds above 0. "
        f"Correct it, or unset it for 10 seconds."
        for variable in variables
        if variable is not None and not _suffices(os.environ[variable])
    ]


def _suffices(seconds: str) -> bool:
    try:
        return 0 < float(seconds) < math.inf
    except ValueError:
        return False


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
