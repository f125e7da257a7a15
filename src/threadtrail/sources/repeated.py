"""Reads objects that repeat earlier ones only once, such as the requests of an assistant's runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Value = TypeVar("Value")

KINDS = 256
"""The maximum number of kinds whose latest value is kept."""


class Repeated(Generic[Value]):
    """Reads objects, each with the request for it; if both equal the latest, returns its value again.

    ``read`` looks only at these ``fields`` of an object, and at the fields ``sent`` of a request.
    """

    def __init__(
        self,
        read: Callable[[dict[str, Any], dict[str, Any]], Value],
        *,
        fields: tuple[str, ...],
        sent: tuple[str, ...],
    ) -> None:
        self._read = read
        self._fields = fields
        self._sent = sent
        self._latest: Bounded[Hashable, tuple[list[Any], Value]] = Bounded(KINDS)

    def read(self, kind: Hashable, data: dict[str, Any], sent: dict[str, Any]) -> Value:
        """Return the value of an object and its request, compared with the latest of their ``kind``."""
        given = [*map(data.get, self._fields), *map(sent.get, self._sent)]
        latest = self._latest.get(kind)
        if latest is not None and latest[0] == given:
            return latest[1]
        value = self._read(data, sent)
        self._latest.put(kind, (given, value))
        return value

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> int:
        """Forget the oldest values until the others take ``max_bytes`` at most; return how many they take."""
        return self._latest.shrink(max_bytes, size)
