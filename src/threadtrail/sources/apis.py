"""What people call the APIs of the SDK: those that are recorded, and those that are not."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Api(NamedTuple):
    """An API by its ``name``, and the ``modules`` of the SDK in which it is or was, below its resources."""

    name: str
    modules: tuple[str, ...]


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
"""Those that people may expect to be recorded; what only administers an account is left out."""


def in_this_sdk(apis: Iterable[Api]) -> list[str]:
    """Return the names of the APIs that the installed SDK has."""
    return [api.name for api in apis if any(_exists(module) for module in api.modules)]


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(f"openai.resources.{module}") is not None
    except ModuleNotFoundError:  # the package around it is not there either
        return False
