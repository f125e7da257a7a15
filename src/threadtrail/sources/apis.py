"""What people call the APIs of the SDK: those that are recorded, and those that are not."""

from __future__ import annotations

from typing import NamedTuple


class Api(NamedTuple):
    """An API by its ``name``, and the modules of the SDK's resources that have it, in any supported version.

    ``since`` is the first version of the SDK that has it, where the modules alone do not show it.
    """

    name: str
    modules: tuple[str, ...]
    since: str | None = None


RECORDED = (
    Api("Responses", ("responses", "beta.responses")),
    Api("Conversations", ("conversations",)),
    Api("webhooks", ("webhooks",)),
    Api("Assistants", ("beta.assistants", "beta.threads")),
)

NOT_RECORDED = (
    Api("chat completions", ("chat", "completions")),
    Api("embeddings", ("embeddings",)),
    Api("realtime and live sessions", ("realtime", "live", "beta.realtime")),
    Api("responses over a WebSocket (responses.connect)", ("responses",), since="2.22"),
    Api("agents and ChatKit", ("beta.agents", "beta.chatkit")),
    Api("audio", ("audio",)),
    Api("images", ("images",)),
    Api("videos", ("videos",)),
    Api("moderations", ("moderations",)),
    Api("batches", ("batches",)),
    Api("evals", ("evals",)),
    Api("fine-tuning", ("fine_tuning",)),
    Api("files and vector stores", ("files", "uploads", "vector_stores", "containers")),
)
"""The APIs that people may expect to be recorded, the most likely first."""
