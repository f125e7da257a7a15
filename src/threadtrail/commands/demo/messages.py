"""Reads what an assistant has answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai import OpenAI


def newest_text(client: OpenAI, thread_id: str) -> str:
    """Return the text of the newest message of a thread."""
    newest = client.beta.threads.messages.list(thread_id, order="desc", limit=1).data[0]
    return "\n".join(part.text.value for part in newest.content if part.type == "text")
