"""Every run of an OpenAI assistant as a session in AgentOps.

    threadtrail.instrument(exporters=["agentops"])

with ``AGENTOPS_API_KEY`` in the environment. ``agentops.init()`` is not called, and need not be.
"""

from threadtrail_agentops.exporter import AgentOpsExporter

__all__ = ["AgentOpsExporter"]
