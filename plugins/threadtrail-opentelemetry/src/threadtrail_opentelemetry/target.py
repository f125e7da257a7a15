"""The destination of the exporter's own providers, and its credentials: those of one host go to no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threadtrail.otlp.origins import origin, same_origin
from threadtrail.otlp.session import OtlpSession
from threadtrail_opentelemetry import standard_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail_opentelemetry.standard_variables import Signal


@dataclass(frozen=True, slots=True)
class Target:
    """A collector: the options ``endpoint`` and ``headers``, or the standard variables.

    The variables' headers, certificates and credential provider belong to the address that the variables
    name. An ``endpoint`` on another host gets none of them.
    """

    endpoint: str | None = None
    headers: Mapping[str, str] | None = None

    def is_own(self, signal: Signal) -> bool:
        """Return whether the signal goes to a host that the standard variables do not name."""
        if self.endpoint is None:
            return False
        named = standard_variables.address(signal)
        return named is None or not same_origin(self.endpoint, named)

    def arguments(self, signal: Signal) -> dict[str, Any]:
        """Return the arguments of the OTLP exporter for this signal."""
        arguments: dict[str, Any] = {"headers": dict(self.headers) if self.headers else None}
        if self.endpoint is not None:
            arguments["endpoint"] = f"{self.endpoint.rstrip('/')}/v1/{signal}"
        return arguments

    def own_headers(self, signal: Signal) -> Mapping[str, str] | None:
        """Return the only headers that may be sent; ``None`` if those of the variables are sent too."""
        return dict(self.headers or {}) if self.is_own(signal) else None

    def credential_provider(self, signal: Signal) -> str | None:
        """Return the variable that names a session of the app's own for this signal, if it is used."""
        return None if self.is_own(signal) else standard_variables.credential_provider(signal)

    def session(self, signal: Signal) -> OtlpSession | None:
        """Return a session for this signal; ``None`` if the app has its own."""
        return None if self.credential_provider(signal) else OtlpSession(self.own_headers(signal))

    def hosts(self, signals: Iterable[Signal]) -> str:
        """Return the hosts that these signals go to."""
        addresses = [self.endpoint or standard_variables.address(signal) for signal in signals]
        return ", ".join(dict.fromkeys(origin(address) for address in addresses if address))
