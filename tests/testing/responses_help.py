"""What the tests of the server's Responses share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable


def names_of(events: Iterable[Any]) -> list[str]:
    """Check each event against the SDK's own class for it, and return the names without `response.`."""
    names: list[str] = []
    for number, event in enumerate(events):
        assert event.sequence_number == number
        check(event)
        names.append(event.type.removeprefix("response."))
    return names


def check(event: Any) -> None:
    """Check that the SDK chose the right class, and that pydantic finds every field as it should be."""
    assert event.type in get_args(type(event).model_fields["type"].annotation), type(event)
    type(event).model_validate(event.to_dict())
