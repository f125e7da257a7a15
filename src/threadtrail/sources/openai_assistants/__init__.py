"""The Assistants API (``client.beta.assistants``, ``.threads``, ``.threads.runs``, …)."""

from __future__ import annotations

from threadtrail.sources.openai_assistants.details import fetch_details
from threadtrail.sources.openai_assistants.methods import RESOURCES, SOURCE_NAME
from threadtrail.sources.openai_assistants.pages import next_page
from threadtrail.sources.openai_assistants.reader import AssistantsReader
from threadtrail.sources.openai_assistants.streams import AssistantStream
from threadtrail.sources.source import Source

SOURCE = Source(
    name=SOURCE_NAME,
    resources=RESOURCES,
    # A callable, or a coroutine in the async twin (openai 1.21 to 3.57).
    stream_managers=("_AssistantStreamManager__api_request", "_AsyncAssistantStreamManager__api_request"),
    streams=AssistantStream,
    next_page=next_page,
    reader=AssistantsReader,
    fetch_details=fetch_details,
)
