"""Help for tests of applications and of exporters.

Nothing is imported until it is used, so importing this module needs no extra packages.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadtrail.testing.capturing import Captured as Captured
    from threadtrail.testing.capturing import capture as capture
    from threadtrail.testing.conformance.kit import ExporterConformance as ExporterConformance
    from threadtrail.testing.http_receiver import HttpReceiver as HttpReceiver
    from threadtrail.testing.http_receiver import unused_port as unused_port
    from threadtrail.testing.otlp import OtlpReceiver as OtlpReceiver
    from threadtrail.testing.server import AssistantsServer as AssistantsServer
    from threadtrail.testing.server import OpenAIServer as OpenAIServer
    from threadtrail.testing.waiting import wait_until as wait_until

_HOMES = {
    "AssistantsServer": "threadtrail.testing.server",
    "Captured": "threadtrail.testing.capturing",
    "ExporterConformance": "threadtrail.testing.conformance.kit",
    "HttpReceiver": "threadtrail.testing.http_receiver",
    "OpenAIServer": "threadtrail.testing.server",
    "OtlpReceiver": "threadtrail.testing.otlp",
    "capture": "threadtrail.testing.capturing",
    "unused_port": "threadtrail.testing.http_receiver",
    "wait_until": "threadtrail.testing.waiting",
}

__all__ = [
    "AssistantsServer",
    "Captured",
    "ExporterConformance",
    "HttpReceiver",
    "OpenAIServer",
    "OtlpReceiver",
    "capture",
    "unused_port",
    "wait_until",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
