"""Sends each OpenAI response, tool loop and run of an assistant as one Langfuse trace.

    threadtrail.instrument(exporters=["langfuse"])

Keys and address come from Langfuse's own variables (``LANGFUSE_PUBLIC_KEY`` …) or from your own client.
"""

from threadtrail_langfuse.exporter import LangfuseExporter
from threadtrail_langfuse.ids import observation_id_for, trace_id_for
from threadtrail_langfuse.prompts import prompt_metadata
from threadtrail_langfuse.trace_urls import trace_url

__all__ = ["LangfuseExporter", "observation_id_for", "prompt_metadata", "trace_id_for", "trace_url"]
