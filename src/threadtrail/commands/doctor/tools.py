"""Other tools that record calls of the ``openai`` SDK: how to recognise them, and their effects."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OFF_IF_AUTOMATIC = (
    "With opentelemetry-instrument, set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=openai to leave it out."
)
PAGE = "the page on other instrumentations in the documentation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: ``package`` has its code, ``exporter`` is our exporter for the same backend.

    ``effect`` is what its wrappers do with Assistants calls, ``advice`` how to avoid that. It is ``harmless``
    if it changes neither what programs do nor how many tokens are counted.
    """

    name: str
    package: str
    distribution: str
    effect: str
    advice: str
    exporter: str | None = None
    harmless: bool = False


KNOWN = (
    Tool(
        name="AgentOps",
        package="agentops",
        distribution="agentops",
        effect="it makes a span of each of these calls, polls too, and counts a run's tokens again on each",
        advice="Call agentops.init(instrument_llm_calls=False), or let the exporter agentops remove these "
        'wrappers: exporters={"agentops": {"native_instrumentation": "unwrap"}}.',
        exporter="agentops",
    ),
    Tool(
        name="OpenLLMetry (Traceloop)",
        package="opentelemetry.instrumentation.openai",
        distribution="opentelemetry-instrumentation-openai",
        effect="it raises errors in programs that stream, use raw responses or read images, and counts a "
        "run's tokens again each time that messages are listed",
        advice=f"Remove its wrappers from the Assistants methods, as {PAGE} shows. {OFF_IF_AUTOMATIC}",
    ),
    Tool(
        name="OpenInference",
        package="openinference.instrumentation.openai",
        distribution="openinference-instrumentation-openai",
        effect="it makes a span of every request, polls too, without tokens",
        advice=f"Keep it, or drop those spans, as {PAGE} shows. {OFF_IF_AUTOMATIC}",
        harmless=True,
    ),
    Tool(
        name="Logfire",
        package="logfire",
        distribution="logfire",
        effect="it makes a span of every request, polls too, and counts a run's tokens again on each",
        advice="Do not call logfire.instrument_openai().",
    ),
    Tool(
        name="Langfuse",
        package="langfuse",
        distribution="langfuse",
        effect="it records these calls too",
        advice="Import OpenAI from openai, not from langfuse.openai.",
        exporter="langfuse",
    ),
)


def of_module(module: str) -> Tool:
    """Return the tool that a module belongs to; an unknown one is named after its distribution."""
    for tool in KNOWN:
        if module == tool.package or module.startswith(f"{tool.package}."):
            return tool
    top = module.partition(".")[0]
    distributions = _distributions().get(top, [top])
    return Tool(
        name=top,
        package=top,
        distribution=distributions[0] if len(distributions) == 1 else top,
        effect="it sees these calls too",
        advice="If you do not want both, switch one of them off.",
        harmless=True,
    )


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Return the distributions of each top-level package, from the metadata of everything installed."""
    return importlib.metadata.packages_distributions()


def module_of(thing: Any) -> str:
    """Return the name of the module that defines the code of a function, a method or a callable object."""
    while hasattr(thing, "func"):  # functools.partial
        thing = thing.func
    function = getattr(thing, "__func__", thing)
    # `functools.wraps` copies `__module__`; the globals are those of the code itself.
    names = getattr(function, "__globals__", None)
    if names is not None:
        return str(names.get("__name__", ""))
    return str(getattr(function, "__module__", None) or type(function).__module__)
