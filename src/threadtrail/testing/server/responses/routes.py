"""The operations of Responses: what each does, and its address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from threadtrail.testing.server.call import Call, Handler, Later, Result
from threadtrail.testing.server.errors import ApiError, missing_parameter
from threadtrail.testing.server.pagination import page
from threadtrail.testing.server.responses import errors
from threadtrail.testing.server.responses.events import ResponseEvents
from threadtrail.testing.server.responses.objects import usage_of
from threadtrail.testing.server.steps import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.testing.server.backend import Backend
    from threadtrail.testing.server.objects import Json
    from threadtrail.testing.server.responses.player import ResponsePlayer

ResponsesOperation = Literal[
    "responses.create",
    "responses.retrieve",
    "responses.cancel",
    "responses.delete",
    "responses.compact",
    "responses.input_items.list",
    "responses.input_tokens.count",
]
"""An operation of Responses, named after the SDK's method."""

_CHARACTERS_PER_TOKEN = 4


def _create(backend: Backend, call: Call) -> Result:
    player = backend.responses.create_response(call.body)
    if call.body.get("stream"):
        return ResponseEvents(player)
    if player.is_background:
        if player.script.polls_in_leg(player.scene.leg) == 0:
            player.play()
        return player.shown()
    if player.play():
        return player.shown()
    return Later(player.intervened, player.shown)


def _response(backend: Backend, call: Call) -> ResponsePlayer:
    return backend.responses.response(call.ids["response_id"])


def _retrieve(backend: Backend, call: Call) -> Result:
    player = _response(backend, call)
    if _last(call, "stream") == "true":
        player.check_streamable(backend.now())
        return ResponseEvents(player, _first(call))
    player.poll()
    return player.shown(call.include)


def _first(call: Call) -> int:
    """Return the sequence number of the first requested event."""
    after = _last(call, "starting_after")
    if after is None:
        return 0
    if not after.isdecimal():
        message = f"Invalid type for 'starting_after': expected an integer, but got '{after}' instead."
        raise ApiError(400, message, param="starting_after", code="invalid_type")
    return int(after) + 1


def _last(call: Call, name: str) -> str | None:
    values = call.query.get(name)
    return values[-1] if values else None


def _cancel(backend: Backend, call: Call) -> Json:
    player = _response(backend, call)
    player.cancel()
    return player.shown()


def _delete(backend: Backend, call: Call) -> Json:
    response_id = _response(backend, call).body["id"]
    del backend.responses.responses[response_id]
    return {"id": response_id, "object": "response", "deleted": True}


def _compact(backend: Backend, call: Call) -> Json:
    if not call.body.get("model"):
        raise missing_parameter("model")
    if call.body.get("input") is None and not call.body.get("previous_response_id"):
        raise errors.no_input()
    before, given = backend.responses.context(call.body)
    items = [*before, *given]
    kept = [item for item in items if item.get("type") == "message" and item.get("role") == "user"]
    ciphertext = {"id": backend.new_id("cmp_"), "type": "compaction", "encrypted_content": "gAAAAAB"}
    return {
        "id": backend.new_id("resp_"),
        "object": "response.compaction",
        "created_at": backend.now(),
        "output": [*kept, ciphertext],
        "usage": usage_of([Usage(_tokens(items), 10)]),
    }


def _list_input_items(backend: Backend, call: Call) -> Json:
    return page(_response(backend, call).given, call.query, "item")


def _count_input_tokens(backend: Backend, call: Call) -> Json:
    before, given = backend.responses.context(call.body)
    asked = [*before, *given, call.body.get("instructions") or "", call.body.get("tools") or []]
    return {"object": "response.input_tokens", "input_tokens": _tokens(asked)}


def _tokens(what: object) -> int:
    return len(json.dumps(what)) // _CHARACTERS_PER_TOKEN


_RESPONSE = "/responses/{response_id}"

RESPONSES_ROUTES: Mapping[ResponsesOperation, tuple[str, str, Handler]] = {
    # Routes are tried in this order, and the id of a response may look like anything.
    "responses.create": ("POST", "/responses", _create),
    "responses.compact": ("POST", "/responses/compact", _compact),
    "responses.input_tokens.count": ("POST", "/responses/input_tokens", _count_input_tokens),
    "responses.retrieve": ("GET", _RESPONSE, _retrieve),
    "responses.input_items.list": ("GET", _RESPONSE + "/input_items", _list_input_items),
    "responses.cancel": ("POST", _RESPONSE + "/cancel", _cancel),
    "responses.delete": ("DELETE", _RESPONSE, _delete),
}
