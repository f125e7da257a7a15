"""How a run is related to others: the runs that it answers, its turn, its session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from threadtrail.values import Caller

if TYPE_CHECKING:
    from threadtrail.recording.publishing import Server

Name = tuple["Server", str]
"""A call or a thread, as its server names it."""


class Link(NamedTuple):
    """A run that asked for a call, its turn, and the order in which it asked: the newest link wins."""

    run_id: str
    turn_id: str
    order: int
    name: Name


@dataclass(slots=True, kw_only=True)
class InChain:
    """How a run is related to others: ``links`` lead to the runs that it answers; the rest as in ``Run``."""

    turn_id: str
    links: tuple[Link, ...] = ()
    session_key: str | None = None
    input_repeated: int | None = None
    called_by: Caller | None = None
