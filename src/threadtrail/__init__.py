"""threadtrail: one line, and every run of an OpenAI assistant becomes one complete, correct trace.

    import threadtrail

    threadtrail.instrument()

Importing this patches nothing, starts nothing, and imports no SDK.
"""

from threadtrail import events
from threadtrail._api import Instrumentation, flush, instrument, shutdown, status, uninstrument
from threadtrail.context import attributes, trace
from threadtrail.errors import ConfigurationError
from threadtrail.hookspecs import hookimpl

__version__ = "0.1.0"

__all__ = [
    "ConfigurationError",
    "Instrumentation",
    "__version__",
    "attributes",
    "events",
    "flush",
    "hookimpl",
    "instrument",
    "shutdown",
    "status",
    "trace",
    "uninstrument",
]
