"""The APIs that are recorded: a folder each, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.sources.openai_assistants import SOURCE as OPENAI_ASSISTANTS
from threadtrail.sources.openai_responses import SOURCE as OPENAI_RESPONSES

if TYPE_CHECKING:
    from threadtrail.sources.source import Source

SOURCES: tuple[Source, ...] = (OPENAI_ASSISTANTS, OPENAI_RESPONSES)
"""All sources. To add one, add its folder and its name here."""
