"""The operations of Conversations: what each does, and its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from threadtrail.testing.server.errors import missing_parameter
from threadtrail.testing.server.pagination import page, whole
from threadtrail.testing.server.responses import history
from threadtrail.testing.server.responses.included import shown_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.testing.server.backend import Backend
    from threadtrail.testing.server.call import Call, Handler
    from threadtrail.testing.server.objects import Json

ConversationsOperation = Literal[
    "conversations.create",
    "conversations.retrieve",
    "conversations.update",
    "conversations.delete",
    "conversations.items.create",
    "conversations.items.retrieve",
    "conversations.items.list",
    "conversations.items.delete",
]
"""An operation of Conversations, named after the SDK's method."""


def _create(backend: Backend, call: Call) -> Json:
    return backend.responses.create_conversation(call.body)


def _conversation(backend: Backend, call: Call) -> Json:
    return backend.responses.conversation(call.ids["conversation_id"])


def _update(backend: Backend, call: Call) -> Json:
    conversation = _conversation(backend, call)
    if "metadata" in call.body:
        conversation["metadata"] = call.body["metadata"] or {}
    return conversation


def _delete(backend: Backend, call: Call) -> Json:
    conversation_id = _conversation(backend, call)["id"]
    del backend.responses.conversations[conversation_id], backend.responses.items[conversation_id]
    return {"id": conversation_id, "object": "conversation.deleted", "deleted": True}


def _create_items(backend: Backend, call: Call) -> Json:
    conversation_id = _conversation(backend, call)["id"]
    if not call.body.get("items"):
        raise missing_parameter("items")
    items = history.new_items(call.body["items"], backend.new_id, "items")
    backend.responses.add_items(conversation_id, items)
    return whole([shown_item(item, call.include) for item in items])


def _list_items(backend: Backend, call: Call) -> Json:
    items = backend.responses.items[_conversation(backend, call)["id"]]
    return page([shown_item(item, call.include) for item in items], call.query, "item")


def _retrieve_item(backend: Backend, call: Call) -> Json:
    item = backend.responses.item(call.ids["conversation_id"], call.ids["item_id"])
    return shown_item(item, call.include)


def _delete_item(backend: Backend, call: Call) -> Json:
    item = backend.responses.item(call.ids["conversation_id"], call.ids["item_id"])
    backend.responses.items[call.ids["conversation_id"]].remove(item)
    return _conversation(backend, call)


_CONVERSATION = "/conversations/{conversation_id}"
_ITEM = _CONVERSATION + "/items/{item_id}"

CONVERSATIONS_ROUTES: Mapping[ConversationsOperation, tuple[str, str, Handler]] = {
    "conversations.create": ("POST", "/conversations", _create),
    "conversations.retrieve": ("GET", _CONVERSATION, _conversation),
    "conversations.update": ("POST", _CONVERSATION, _update),
    "conversations.delete": ("DELETE", _CONVERSATION, _delete),
    "conversations.items.create": ("POST", _CONVERSATION + "/items", _create_items),
    "conversations.items.list": ("GET", _CONVERSATION + "/items", _list_items),
    "conversations.items.retrieve": ("GET", _ITEM, _retrieve_item),
    "conversations.items.delete": ("DELETE", _ITEM, _delete_item),
}
