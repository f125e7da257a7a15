"""What the tests of this exporter work with, and what they need of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import pytest
from openai import OpenAI

from threadtrail.testing import AssistantsServer, OtlpReceiver
from threadtrail_opentelemetry.options import STRUCTURES_SINCE


@dataclass(frozen=True)
class Stage:
    """A server in front, a collector behind, an app's client between them, and what switches us on."""

    server: AssistantsServer
    client: OpenAI
    receiver: OtlpReceiver
    traced: Callable[..., None]


def takes_structures() -> bool:
    """Whether this release of OpenTelemetry takes maps as attributes of spans."""
    return tuple(map(int, version("opentelemetry-api").split(".")[:2])) >= STRUCTURES_SINCE


structured = pytest.mark.skipif(not takes_structures(), reason="spans drop maps before opentelemetry 1.45")
