"""How compatible servers differ from the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Quirks:
    """The differences of a compatible server; put them in `RunScript(quirks=...)`.

    Attributes:
        response_id: the id of every response; `""` sends none; `None` makes up ids as the API does.
        item_id: the same for output items; `call_id` stays, since nothing works without it.
        without: fields left out of every response, for example `("usage", "status")`.
        null_output: send `null` instead of the list of output items.
        no_sequence_numbers: leave `sequence_number` out of the events of streams.
    """

    response_id: str | None = None
    item_id: str | None = None
    without: Sequence[str] = ()
    null_output: bool = False
    no_sequence_numbers: bool = False

    def response(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the response as this server sends it."""
        body = {name: value for name, value in body.items() if name not in self.without}
        if self.response_id == "":
            body.pop("id", None)
        if self.null_output and "output" in body:
            body["output"] = None
        elif self.item_id == "" and "output" in body:
            body["output"] = [self.item(item) for item in body["output"]]
        return body

    def item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return an output item as this server sends it."""
        if self.item_id == "":
            return {name: value for name, value in item.items() if name != "id"}
        return item

    def event(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data of an event as this server sends it."""
        if self.no_sequence_numbers:
            data.pop("sequence_number", None)
        if self.item_id == "":
            data.pop("item_id", None)
        if "response" in data:
            data["response"] = self.response(data["response"])
        if "item" in data:
            data["item"] = self.item(data["item"])
        return data


NO_QUIRKS = Quirks()
