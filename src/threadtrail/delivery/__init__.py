"""Delivery: from an event to the exporters, without the app noticing."""

from __future__ import annotations

from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.guard import Guard, guard
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.inline import InlineLane
from threadtrail.delivery.lane import Lane
from threadtrail.delivery.processors import Processor, build_processors
from threadtrail.delivery.sampling import Sampler
from threadtrail.delivery.status import LaneStatus

__all__ = [
    "Delivery",
    "ExporterHooks",
    "Guard",
    "InlineLane",
    "Lane",
    "LaneStatus",
    "Processor",
    "Sampler",
    "build_processors",
    "guard",
]
