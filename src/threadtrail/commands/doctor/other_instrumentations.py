"""Other tools that record the same calls: those that wrapped the SDK's methods, and those that could."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from threadtrail._text import listed
from threadtrail.commands.doctor import global_provider
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.commands.doctor.tools import KNOWN, Tool, module_of, of_module
from threadtrail.instrumentation.install import targets
from threadtrail.instrumentation.patching import is_ours
from threadtrail.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from threadtrail.config.settings import ExporterChoice

AREA = "other instrumentations"
DEEPEST_CHAIN = 32
OF_THE_SDK = frozenset({"openai", "typing_extensions", "warnings", "threadtrail"})
"""Packages whose code belongs in the chain of wrappers: the SDK, its ``deprecated``, and threadtrail."""

CLIENTS = tuple(
    (module, owner, method)
    for module, owners in (
        ("openai", ("OpenAI", "AsyncOpenAI")),
        ("openai._base_client", ("SyncAPIClient", "AsyncAPIClient")),
    )
    for owner in owners
    for method in ("request", "_request", "post", "get")
)
"""Methods that every request passes through: some tools wrap these."""

AUTO_GROUP = "opentelemetry_instrumentor"
DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
SHOWN_METHODS = 6


def live(chosen: Collection[ExporterChoice] = ()) -> list[Finding]:
    """Return which tools wrapped which methods in this process, and where its global provider sends.

    ``chosen`` are the enabled exporters: some tools send to the same backend as one of them.
    """
    names = {choice.name for choice in chosen if choice.name is not None}
    found = [_wrapped(tool, methods, names) for tool, methods in wrappers().items()]
    return [*found, *global_provider.findings(chosen)]


def installed() -> Iterator[Finding]:
    """Yield a note for each tool that is installed and records the same calls once it is switched on."""
    switched_off = [name.strip() for name in os.environ.get(DISABLED, "").split(",")]
    automatic = {
        entry.value.partition(":")[0]
        for entry in importlib.metadata.entry_points(group=AUTO_GROUP)
        if entry.name not in switched_off
    }
    for tool in KNOWN:
        release = _release(tool)
        if release is None or tool.exporter is not None:  # needed by our own exporter, most likely
            continue
        how = ", as opentelemetry-instrument does," if tool.package in automatic else ""
        yield Finding(
            Level.NOTE,
            AREA,
            f"{tool.name} is installed ({tool.distribution} {release}). If it is switched on{how} it records "
            "the same calls.",
        )


def nothing_found(*, program: bool) -> Finding:
    """Return the finding that no other tool wrapped a method."""
    if program:
        return Finding(Level.OK, AREA, "No other tool has wrapped the methods that threadtrail patches.")
    return Finding(
        Level.OK,
        AREA,
        "Without your program, no other tool has wrapped the methods that threadtrail patches.",
        "To check what your program sets up, run: threadtrail doctor MODULE.",
    )


def wrappers() -> Mapping[Tool, list[str]]:
    """Return the methods that each tool has wrapped, such as ``Runs.create``, as far as they are imported."""
    found: defaultdict[Tool, list[str]] = defaultdict(list)
    methods = [(target.module, target.owner, target.method) for target in targets(SOURCES)]
    for module, owner, method in dict.fromkeys([*methods, *CLIENTS]):
        function = vars(getattr(sys.modules.get(module), owner, object)).get(method)
        for tool in dict.fromkeys(_around(function)):
            found[tool].append(f"{owner}.{method}")
    return found


def _around(function: Any) -> Iterator[Tool]:
    """Yield the tools that have wrapped a function of the SDK, the outermost first."""
    for _ in range(DEEPEST_CHAIN):
        if function is None:
            return
        if not is_ours(function):
            # A wrapper of `wrapt` keeps the tool's function; any other wrapper is itself the tool's code.
            module = module_of(getattr(function, "_self_wrapper", function))
            if module.partition(".")[0] not in OF_THE_SDK:
                yield of_module(module)
        function = getattr(function, "__wrapped__", None)


def _wrapped(tool: Tool, methods: list[str], enabled: Collection[str]) -> Finding:
    more = len(methods) - SHOWN_METHODS
    shown = listed(methods[:SHOWN_METHODS]) + (f" and {more} more" if more > 0 else "")
    message = f"{tool.name} has wrapped {shown}: {tool.effect}."
    if tool.exporter in enabled:
        message += f" The exporter {tool.exporter} sends to the same backend, where tokens then count twice."
        return Finding(Level.PROBLEM, AREA, message, tool.advice)
    level = Level.NOTE if tool.harmless else Level.WARNING
    return Finding(level, AREA, f"{message} What threadtrail records is not affected.", tool.advice)


def _release(tool: Tool) -> str | None:
    try:
        return importlib.metadata.version(tool.distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
