"""Sends each OpenAI response, tool loop and run of an assistant as a trace to AgentOps.

    threadtrail.instrument(exporters=["agentops"])

with ``AGENTOPS_API_KEY`` in the environment. ``agentops.init()`` is not called, and not needed.
"""

from threadtrail_agentops.exporter import AgentOpsExporter

__all__ = ["AgentOpsExporter"]
