"""threadtrail: one line, and every OpenAI response and every run of an assistant becomes one correct trace.

    import threadtrail

    threadtrail.instrument()

Importing this patches nothing, starts nothing, and imports no SDK.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from threadtrail._api import (
    Instrumentation,
    flush,
    instrument,
    shutdown,
    status,
    turn_id,
    uninstrument,
)
from threadtrail.errors import CheckError, ConfigurationError, EventsLostError
from threadtrail.grouping import attributes, tool, trace

if TYPE_CHECKING:
    from threadtrail import events
    from threadtrail.carrying.passing import carried, carrier
    from threadtrail.hookspecs import hookimpl
    from threadtrail.merging.merge import merge
    from threadtrail.servers.lifespan import lifespan

__version__ = "0.1.0"

__all__ = [
    "CheckError",
    "ConfigurationError",
    "EventsLostError",
    "Instrumentation",
    "__version__",
    "attributes",
    "carried",
    "carrier",
    "events",
    "flush",
    "hookimpl",
    "instrument",
    "lifespan",
    "merge",
    "shutdown",
    "status",
    "tool",
    "trace",
    "turn_id",
    "uninstrument",
]


_LATE = {
    "carried": "threadtrail.carrying.passing",
    "carrier": "threadtrail.carrying.passing",
    "hookimpl": "threadtrail.hookspecs",
    "lifespan": "threadtrail.servers.lifespan",
    "merge": "threadtrail.merging.merge",
}


def __getattr__(name: str) -> Any:
    """Load what not every program needs when it is asked for: half of the import time is theirs."""
    if name == "events":
        return importlib.import_module("threadtrail.events")
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
