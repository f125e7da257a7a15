"""Sends each run of an OpenAI assistant as a session to AgentOps.

    threadtrail.instrument(exporters=["agentops"])

with ``AGENTOPS_API_KEY`` in the environment. ``agentops.init()`` is not called, and not needed.
"""

from threadtrail_agentops.exporter import AgentOpsExporter

__all__ = ["AgentOpsExporter"]
