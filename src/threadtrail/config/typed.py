"""The types of ``exporters=``: names and options that editors and type checkers can complete.

Any other name, and any object with hooks, is allowed as well, since anyone can write an exporter.
``instrument()`` raises a ``ConfigurationError`` that names a wrong option.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    import os
    from typing import TextIO

ExporterName: TypeAlias = Literal[
    "agentops", "console", "jsonl", "langfuse", "opentelemetry", "redis", "none"
]
"""The exporters of this project; ``none`` alone for no exporter at all."""


class ConsoleOptions(TypedDict, total=False):
    """The options of ``ConsoleExporter``."""

    stream: Literal["auto", "stderr", "stdout"] | TextIO
    color: Literal["auto", "always", "never"]
    width: int | None
    content_length: int
    costs: bool


class JsonlOptions(TypedDict, total=False):
    """The options of ``JsonlExporter``."""

    path: str | os.PathLike[str]


class ExporterTable(TypedDict, total=False):
    """Exporters with their options; true for the defaults.

    For exporters in packages of their own, the objects have typed options:
    ``exporters=[LangfuseExporter(base_url=...)]``.
    """

    agentops: Mapping[str, Any] | bool
    console: ConsoleOptions | bool
    jsonl: JsonlOptions | bool
    langfuse: Mapping[str, Any] | bool
    opentelemetry: Mapping[str, Any] | bool
    redis: Mapping[str, Any] | bool


Exporters: TypeAlias = (
    ExporterName | str | Iterable[ExporterName | str | object] | ExporterTable | Mapping[str, object]
)
"""The type of ``exporters=``: names, objects with hooks, or a table of names to options."""
