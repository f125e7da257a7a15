"""The tools that are compared: what is installed for each, and how it is switched on."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEWEST_SDK = "openai==3.57.0"
OTEL = "opentelemetry-sdk==1.45.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool.

    Attributes:
        title: its name and version, for the table.
        factory: the function or class that switches it on, as ``module:name`` in this package.
        requirements: the packages in its environment.
        sdk: the newest version of the SDK that it records.
    """

    title: str
    factory: str
    requirements: tuple[str, ...]
    sdk: str = NEWEST_SDK


PEERS = {
    "threadtrail": Peer(title="threadtrail", factory="ours:Threadtrail", requirements=()),
    "openllmetry": Peer(
        title="Traceloop OpenLLMetry 0.62.4",
        factory="spans:traceloop",
        requirements=("opentelemetry-instrumentation-openai==0.62.4", OTEL),
    ),
    "openinference": Peer(
        title="OpenInference 0.1.66",
        factory="spans:openinference",
        requirements=("openinference-instrumentation-openai==0.1.66", OTEL),
    ),
    "genai-openai": Peer(
        title="OpenTelemetry genai-openai 1.3b0",
        factory="spans:genai_openai",
        requirements=("opentelemetry-instrumentation-genai-openai==1.3b0", OTEL),
    ),
    "langfuse": Peer(
        title="langfuse.openai 5.0.4", factory="spans:langfuse", requirements=("langfuse==5.0.4", OTEL)
    ),
    "logfire": Peer(title="Logfire 5.4.0", factory="spans:logfire", requirements=("logfire==5.4.0", OTEL)),
    "langsmith": Peer(
        title="LangSmith wrap_openai 0.15.1",
        factory="other_tools:LangSmith",
        requirements=("langsmith==0.15.1",),
    ),
    "braintrust": Peer(
        title="Braintrust wrap_openai 0.48.1",
        factory="other_tools:Braintrust",
        requirements=("braintrust==0.48.1",),
    ),
    "openlit": Peer(
        title="OpenLIT 1.45.0",
        factory="spans:openlit",
        requirements=(
            "openlit==1.45.0",
            "opentelemetry-sdk==1.44.0",
            "opentelemetry-instrumentation==0.65b0",
        ),
        sdk="openai==2.54.0",
    ),
    "sentry": Peer(title="Sentry 2.75.0", factory="other_tools:Sentry", requirements=("sentry-sdk==2.75.0",)),
    "azure-ai-projects": Peer(
        title="azure-ai-projects 2.10.0",
        factory="spans:azure_ai_projects",
        requirements=("azure-ai-projects==2.10.0", "azure-core-tracing-opentelemetry==1.0.0b13", OTEL),
    ),
    "agentops": Peer(
        title="AgentOps 0.4.21",
        factory="spans:agentops",
        requirements=("agentops==0.4.21",),
        sdk="openai==1.91.0",
    ),
}


def requirements_of(name: str) -> list[str]:
    """Return what is installed for a tool; threadtrail itself runs from ``src``."""
    peer = PEERS[name]
    if name != "threadtrail":
        return [peer.sdk, *peer.requirements]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [peer.sdk, *(line for line in project["dependencies"] if not line.startswith("openai"))]
