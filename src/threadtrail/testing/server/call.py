"""One request taken apart, and the kinds of answers that an operation gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from threadtrail.testing.server.backend import Backend
from threadtrail.testing.server.gate import Gate
from threadtrail.testing.server.objects import Json
from threadtrail.testing.server.sse import EventSource


@dataclass(frozen=True, slots=True)
class Call:
    """One request, taken apart.

    Attributes:
        ids: the ids in the path, by name.
        query: the values of each query parameter.
        body: the JSON object in the body; empty when there is none.
    """

    ids: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: Json

    @property
    def include(self) -> tuple[str, ...]:
        """What the query asks for in addition."""
        return (*self.query.get("include", ()), *self.query.get("include[]", ()))


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that cannot be given yet.

    Attributes:
        when: the gate that opens when it can.
        answer: gives it.
    """

    when: Gate
    answer: Callable[[], Json]


Result: TypeAlias = Json | EventSource | Later
Handler: TypeAlias = Callable[[Backend, Call], Result]
