"""The prompt of Langfuse's prompt management that a run was made with, so that its generations link to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from langfuse import LangfuseOtelSpanAttributes as Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.values import Run

__all__ = ["prompt_metadata"]

NAME, VERSION = "langfuse_prompt_name", "langfuse_prompt_version"
"""Keys in a run's metadata, or in that of ``threadtrail.attributes()``, that name a Langfuse prompt."""


class Prompt(Protocol):
    """The result of ``get_client().get_prompt(...)``."""

    name: str
    version: int
    is_fallback: bool


def prompt_metadata(prompt: Prompt) -> dict[str, str]:
    """Return metadata that links generations to a prompt of Langfuse.

    Give it to ``threadtrail.attributes(metadata=...)`` around requests, or as ``metadata=`` to a request. It
    is empty for a fallback, which is not a version of the prompt.

    Args:
        prompt: the result of ``get_client().get_prompt(...)``.
    """
    return {} if prompt.is_fallback else {NAME: prompt.name, VERSION: str(prompt.version)}


def prompt_link(run: Run) -> dict[str, Any]:
    """Return the attributes that link a generation to the prompt in the run's metadata, if there is one."""
    named: Mapping[str, Any] = {**run.attributes.metadata, **run.metadata}
    name, version = named.get(NAME), str(named.get(VERSION, ""))
    if not isinstance(name, str) or not name or not (version.isascii() and version.isdigit()):
        return {}
    return {Names.OBSERVATION_PROMPT_NAME: name, Names.OBSERVATION_PROMPT_VERSION: int(version)}
