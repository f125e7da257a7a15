"""Assembles events: from what was seen, where it came from, and what was in force when it began."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from threadtrail._quick import changed
from threadtrail.context import merge
from threadtrail.events import Event

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.recording.observation import Call
    from threadtrail.values import Carried

DEFAULT_PORTS = {"https": 443, "http": 80}

PROVIDERS = {
    # Host suffix: well-known value of `gen_ai.provider.name` (OpenTelemetry GenAI conventions, 2026-10).
    "openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "x.ai": "x_ai",
    "groq.com": "groq",
    "mistral.ai": "mistral_ai",
    "deepseek.com": "deepseek",
    "moonshot.ai": "moonshot_ai",
    "perplexity.ai": "perplexity",
}


Server = tuple[str, str | None, int | None]
"""A source and a server that speaks its API: host and port."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The part of every event that says where it came from.

    ``server`` is the namespace of ids: two servers may use the same ones.
    """

    source: str
    provider: str = "openai"
    server_address: str | None = None
    server_port: int | None = None
    server: Server = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "server", (self.source, self.server_address, self.server_port))


Publish = Callable[[Event, Mapping[str, object] | None], None]
"""Publishes an event, with the contexts that exporters captured for it."""


def publish_event(
    publish: Publish, event_class: Any, origin: Origin, scope: Scope, fields: dict[str, Any]
) -> None:
    """Publish an event of this class, with its origin and what was in force when it began.

    ``fields`` are its other fields, by name: a dict, since passing keywords on copies them each time.
    """
    event = event_class(
        source=origin.source,
        provider=origin.provider,
        server_address=origin.server_address,
        server_port=origin.server_port,
        attributes=scope.attributes,
        trace_id=scope.trace_id,
        carried=scope.carried,
        **fields,
    )
    publish(event, scope.contexts)


def restored(scope: Scope, carried: Carried | None, *, created_here: bool) -> Scope:
    """Return what is in force for a run: ``scope``, completed by what its creator put into its metadata.

    A run that another process created belongs to the trace of that process, wherever it is seen. A user or
    session that is set in this process is kept.
    """
    if carried is None:
        return scope
    here, there = scope.trace_id, carried.trace_id
    return changed(
        scope,
        attributes=merge(carried.attributes, scope.attributes),
        trace_id=(here or there) if created_here else (there or here),
        carried=carried,
    )


def origin_of(call: Call) -> Origin:
    """Return where a call went: its source, and the server by its client's ``base_url`` and class."""
    if call.origin is None:
        call.origin = _read(call)
    found: Origin = call.origin
    return found


def _read(call: Call) -> Origin:
    client, source = call.client, call.operation.source
    # The public `base_url` returns the same, but takes longer than all the rest of this function.
    url = getattr(client, "_base_url", None)
    if url is None:
        return _origin_of_client(client, source)
    try:
        known = _known.get(client)
        if known is None or known[0] is not url or known[1].source != source:
            known = _known[client] = (url, _origin_of_client(client, source))
    except TypeError:  # a client of another kind, which cannot be a key
        return _origin_of_client(client, source)
    return known[1]


_known: WeakKeyDictionary[Any, tuple[object, Origin]] = WeakKeyDictionary()
"""The base URL that each client had when it was last used, and the origin that follows from it."""


def _origin_of_client(client: Any, source: str) -> Origin:
    names = {cls.__name__ for cls in type(client).__mro__}
    azure = bool(names & {"AzureOpenAI", "AsyncAzureOpenAI"})
    return _origin(source, str(getattr(client, "base_url", "")), azure=azure)


@lru_cache(maxsize=256)
def _origin(source: str, base_url: str, *, azure: bool) -> Origin:
    parts = urlsplit(base_url)
    host = parts.hostname
    if host is None:
        return Origin(source)
    try:
        port = parts.port
    except ValueError:
        port = None
    return Origin(
        source,
        provider="azure.ai.openai" if azure else _provider(host),
        server_address=host,
        server_port=port or DEFAULT_PORTS.get(parts.scheme),
    )


def _provider(host: str) -> str:
    for suffix, name in PROVIDERS.items():
        if host == suffix or host.endswith("." + suffix):
            return name
    return host
