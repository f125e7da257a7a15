"""The Responses API (``client.responses``, ``.conversations``, ``.webhooks``)."""

from __future__ import annotations

from threadtrail.sources.openai_responses.methods import RESOURCES, SOURCE_NAME
from threadtrail.sources.openai_responses.reader import ResponsesReader
from threadtrail.sources.openai_responses.streams import ResponseStream
from threadtrail.sources.source import Source

SOURCE = Source(
    name=SOURCE_NAME,
    resources=RESOURCES,
    id_names={"response_id": "run_id", "conversation_id": "thread_id", "conversation": "thread_id"},
    stream_wrappers=(
        ("openai.lib.streaming.responses._responses", "ResponseStream"),
        ("openai.lib.streaming.responses._responses", "AsyncResponseStream"),
    ),
    streams=ResponseStream,
    reader=ResponsesReader,
)
