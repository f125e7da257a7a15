"""The methods of Responses, Conversations and webhooks that are patched (openai 1.66 to 3.57).

``responses.stream(...)`` calls ``create`` or ``retrieve`` with ``stream=True`` and needs no row of its own.
"""

from __future__ import annotations

from threadtrail.sources.source import Method, Resource

SOURCE_NAME = "openai.responses"

CREATE = "responses.create"
RETRIEVE = "responses.retrieve"
CANCEL = "responses.cancel"
DELETE = "responses.delete"
COMPACT = "responses.compact"
LIST_INPUT = "responses.input_items.list"
UNWRAP = "webhooks.unwrap"

RESPONSES_PATH = "/responses"
RESPONSE_PATH = "/responses/{response_id}"
INPUT_PATH = "/responses/{response_id}/input_items"
CONVERSATION_PATH = "/conversations/{conversation_id}"
ITEMS_PATH = f"{CONVERSATION_PATH}/items"
ITEM_PATH = f"{ITEMS_PATH}/{{item_id}}"


def _begins_run(name: str, path: str, like: str, since: str) -> Method:
    return Method(
        name,
        path=path,
        keyword=("conversation",),
        like=like,
        begins="generation",
        learnt_from="create",
        captures_context=True,
        since=since,
    )


def _of_one_response(since: str) -> tuple[Method, ...]:
    """Return the rows that ``responses`` and ``beta.responses`` share; ``since``: the resource's version."""
    return (
        _begins_run("create", RESPONSES_PATH, CREATE, max(since, "1.66", key=_release)),
        Method(
            "retrieve",
            path=RESPONSE_PATH,
            positional=("response_id",),
            like=RETRIEVE,
            learnt_from="poll",
            since=max(since, "1.66", key=_release),
        ),
        Method(
            "cancel",
            path=f"{RESPONSE_PATH}/cancel",
            positional=("response_id",),
            like=CANCEL,
            learnt_from="cancel",
            since=max(since, "1.81", key=_release),
        ),
        Method(
            "delete",
            path=RESPONSE_PATH,
            positional=("response_id",),
            like=DELETE,
            since=max(since, "1.66", key=_release),
        ),
        _begins_run("compact", f"{RESPONSES_PATH}/compact", COMPACT, max(since, "2.9", key=_release)),
    )


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _webhooks(module: str) -> Resource:
    unwrap = Method("unwrap", argument="payload", learnt_from="webhook", since="1.92")
    return Resource(module, "Webhooks", "webhooks", (unwrap,), optional=True)


RESOURCES = (
    Resource(
        "openai.resources.responses.responses",
        "Responses",
        "responses",
        (*_of_one_response("1.66"), _begins_run("parse", RESPONSES_PATH, CREATE, "1.66")),
    ),
    Resource(
        "openai.resources.responses.input_items",
        "InputItems",
        "responses.input_items",
        (Method("list", path=INPUT_PATH, positional=("response_id",), since="1.66"),),
    ),
    Resource(
        "openai.resources.beta.responses.responses",
        "Responses",
        "beta.responses",
        _of_one_response("2.45"),
    ),
    Resource(
        "openai.resources.beta.responses.input_items",
        "InputItems",
        "beta.responses.input_items",
        (Method("list", path=INPUT_PATH, positional=("response_id",), like=LIST_INPUT, since="2.45"),),
    ),
    Resource(
        "openai.resources.conversations.conversations",
        "Conversations",
        "conversations",
        (
            Method("create", path="/conversations", begins="thread", captures_context=True, since="1.101"),
            Method("retrieve", path=CONVERSATION_PATH, positional=("conversation_id",), since="1.101"),
            Method("update", path=CONVERSATION_PATH, positional=("conversation_id",), since="1.101"),
            Method(
                "delete",
                path=CONVERSATION_PATH,
                positional=("conversation_id",),
                captures_context=True,
                since="1.101",
            ),
        ),
    ),
    Resource(
        "openai.resources.conversations.items",
        "Items",
        "conversations.items",
        (
            Method(
                "create",
                path=ITEMS_PATH,
                positional=("conversation_id",),
                begins="message",
                captures_context=True,
                since="1.101",
            ),
            Method("retrieve", path=ITEM_PATH, keyword=("conversation_id",), since="1.101"),
            Method("list", path=ITEMS_PATH, positional=("conversation_id",), since="1.101"),
            Method("delete", path=ITEM_PATH, keyword=("conversation_id",), since="1.101"),
        ),
    ),
    # The method is in one of these two: a module up to openai 2.9, a package from 2.21.
    _webhooks("openai.resources.webhooks"),
    _webhooks("openai.resources.webhooks.webhooks"),
)
"""The table. Every row stands for the sync method and its async twin (``AsyncResponses.create``, …)."""
