"""Assistants, threads and messages, as the SDK reads and writes them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from openai import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing.server import AssistantsServer


def test_assistant_is_created_read_changed_and_deleted(client: OpenAI) -> None:
    assistants = client.beta.assistants
    made = assistants.create(
        model="gpt-4o",
        name="Math Tutor",
        instructions="Solve it.",
        tools=[{"type": "code_interpreter"}],
        metadata={"team": "maths"},
    )
    assert made.id.startswith("asst_")
    assert len(made.id) == len("asst_") + 24
    assert made.object == "assistant"
    assert made.tools[0].type == "code_interpreter"
    assert assistants.retrieve(made.id) == made
    changed = assistants.update(made.id, name="Tutor", metadata={})
    assert (changed.name, changed.instructions, changed.metadata) == ("Tutor", "Solve it.", {})
    deleted = assistants.delete(made.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (made.id, True, "assistant.deleted")
    with pytest.raises(NotFoundError, match=f"No assistant found with id '{made.id}'."):
        assistants.retrieve(made.id)


def test_thread_is_created_with_messages_changed_and_deleted(client: OpenAI) -> None:
    threads = client.beta.threads
    before = int(time.time())
    thread = threads.create(
        messages=[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}],
        metadata={"user": "u1"},
    )
    assert thread.id.startswith("thread_")
    assert before <= thread.created_at <= time.time()
    listed = threads.messages.list(thread.id, order="asc").data
    assert [message.role for message in listed] == ["user", "assistant"]
    assert threads.update(thread.id, metadata={"user": "u2"}).metadata == {"user": "u2"}
    assert threads.retrieve(thread.id).metadata == {"user": "u2"}
    assert threads.delete(thread.id).object == "thread.deleted"
    with pytest.raises(NotFoundError, match=f"No thread found with id '{thread.id}'.") as caught:
        threads.retrieve(thread.id)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id is not None


def test_message_is_created_read_changed_and_deleted(client: OpenAI, thread_id: str) -> None:
    messages = client.beta.threads.messages
    made = messages.create(
        thread_id,
        role="user",
        content=[
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ],
        attachments=[{"file_id": "file-1", "tools": [{"type": "file_search"}]}],
    )
    assert [part.type for part in made.content] == ["text", "image_url"]
    assert made.content[0].to_dict() == {
        "type": "text",
        "text": {"value": "What is this?", "annotations": []},
    }
    assert made.attachments is not None
    assert made.attachments[0].file_id == "file-1"
    assert messages.update(made.id, thread_id=thread_id, metadata={"a": "b"}).metadata == {"a": "b"}
    assert messages.retrieve(made.id, thread_id=thread_id).metadata == {"a": "b"}
    assert messages.delete(made.id, thread_id=thread_id).object == "thread.message.deleted"
    with pytest.raises(NotFoundError, match=f"No message found with id '{made.id}'."):
        messages.retrieve(made.id, thread_id=thread_id)


def test_message_at_rest_lacks_the_fields_that_only_streams_have(client: OpenAI, thread_id: str) -> None:
    raw: dict[str, Any] = client.beta.threads.messages.list(thread_id).data[0].to_dict()
    assert "content" in raw
    assert "created_at" in raw
    assert not raw.keys() & {"status", "completed_at", "incomplete_at", "incomplete_details"}


def test_lists_are_paged_by_cursor(client: OpenAI, thread_id: str) -> None:
    messages = client.beta.threads.messages
    for number in range(24):
        messages.create(thread_id, role="user", content=str(number))
    first = messages.list(thread_id, limit=10)
    assert len(first.data) == 10
    assert first.has_more
    assert first.data[0].content[0].to_dict()["text"]["value"] == "23"  # type: ignore[index]  # a text part
    assert (first.to_dict()["first_id"], first.to_dict()["last_id"]) == (
        first.data[0].id,
        first.data[-1].id,
    )
    everything = [message.id for message in messages.list(thread_id, limit=10)]
    assert len(everything) == len(set(everything)) == 25
    oldest_first = [message.id for message in messages.list(thread_id, limit=100, order="asc")]
    assert oldest_first == everything[::-1]
    assert len(messages.list(thread_id).data) == 20
    page_before = messages.list(thread_id, limit=2, before=everything[5])
    assert [message.id for message in page_before.data] == everything[3:5]
    assert page_before.has_more


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": 101}, "Expected a value <= 100, but got 101 instead"),
        ({"limit": 0}, "Expected a value >= 1, but got 0 instead"),
        ({"limit": "many"}, "Invalid type for 'limit'"),
        ({"order": "up"}, "Supported values are: 'asc' and 'desc'"),
    ],
)
def test_bad_page_is_refused(client: OpenAI, query: dict[str, object], message: str) -> None:
    with pytest.raises(BadRequestError, match=message):
        client.beta.assistants.list(extra_query=query)


def test_cursor_that_does_not_exist_is_not_found(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="No assistant found with id 'asst_x'"):
        client.beta.assistants.list(after="asst_x")


def test_empty_list(client: OpenAI) -> None:
    assert client.beta.assistants.list().to_dict() == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"content": "a"}, "role", "missing_required_parameter"),
        ({"role": "user"}, "content", "missing_required_parameter"),
        ({"role": "system", "content": "a"}, "role", "invalid_value"),
        ({"role": "user", "content": ""}, "content", None),
    ],
)
def test_bad_message_is_refused(
    client: OpenAI, thread_id: str, body: dict[str, str], param: str, code: str | None
) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.post(
            f"/threads/{thread_id}/messages",
            body=body,
            cast_to=object,
            options={"headers": {"OpenAI-Beta": "assistants=v2"}},
        )
    assert (caught.value.param, caught.value.code) == (param, code)


def test_assistant_needs_a_model(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="you must provide a model parameter"):
        client.beta.assistants.create(model="")


def test_lone_surrogates_pass_in_both_directions(
    client: OpenAI, server: AssistantsServer, thread_id: str
) -> None:
    made = client.post(
        f"/threads/{thread_id}/messages",
        content=b'{"role": "user", "content": "half \\ud83d"}',
        cast_to=object,
        options={"headers": {"OpenAI-Beta": "assistants=v2", "Content-Type": "application/json"}},
    )
    assert isinstance(made, dict)
    assert made["content"][0]["text"]["value"] == "half \ud83d"
