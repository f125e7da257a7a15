"""The APIs that are recorded: a folder each, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.sources.openai_assistants import SOURCE as OPENAI_ASSISTANTS

if TYPE_CHECKING:
    from threadtrail.sources.source import Source

SOURCES: tuple[Source, ...] = (OPENAI_ASSISTANTS,)
"""Every source there is. What adds one adds a folder, and its name here."""
