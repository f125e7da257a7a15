"""Shows the state of the recording and of the exporters in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.exporters.console_text import counted
from threadtrail.notebook.html import Html, box, element

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.delivery.status import LaneStatus
    from threadtrail.runtime import Status

COUNTS = ("delivered", "failed", "dropped", "queued")


def status_html(status: Status) -> str:
    """Return the counters of the recording and of each exporter."""
    state, *_ = str(status).split("\n")
    return box(_state(state, active=status.active), _exporters(status.exporters))


def instrumentation_html(status: Status, *, active: bool) -> str:
    """Return whether an instrumentation is ``active``, and the counters of the exporters in ``status``."""
    if not active:
        return box(_state("not recording", active=False))
    patched = len(status.patched)
    state = f"recording {counted(patched, 'method')}" if patched else "waiting for the SDK to be imported"
    return box(_state(state, active=True), _exporters(status.exporters))


def _state(text: str, *, active: bool) -> Html:
    mark = element("b", "●" if active else "○", name="tt-good" if active else "tt-dim")
    return element("div", mark, element("b", " threadtrail"), f"  {text}", name="tt-text")


def _exporters(exporters: Mapping[str, LaneStatus]) -> Html | None:
    if not exporters:
        return None
    head = element("tr", *(element("th", title) for title in ("exporter", *COUNTS, "")))
    return element("table", head, *(_exporter(name, lane) for name, lane in exporters.items()))


def _exporter(name: str, lane: LaneStatus) -> Html:
    numbers = [element("td", f"{getattr(lane, count):,}", name=_colour(lane, count)) for count in COUNTS]
    remark = f"switched off: {lane.switched_off}" if lane.switched_off is not None else lane.last_error
    return element("tr", element("td", name), *numbers, element("td", remark, name="tt-warning"))


def _colour(lane: LaneStatus, count: str) -> str:
    return "tt-bad" if count in {"failed", "dropped"} and getattr(lane, count) else ""
