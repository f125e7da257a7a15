"""The settings, and how they are combined: keyword > environment > file > default."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    TypeAdapter,
    ValidationError,
)

from threadtrail.config import installed
from threadtrail.config.choice import ENVIRONMENT, KEYWORD, ExporterChoice, Option
from threadtrail.config.file import NO_FILE, ConfigFile
from threadtrail.config.layers import (
    PREFIX,
    Layer,
    environment_layer,
    environment_values,
    file_layer,
    keyword_layer,
)
from threadtrail.config.problems import Problem, Problems
from threadtrail.config.untrusted import trusted_choices
from threadtrail.errors import ConfigurationError

__all__ = [
    "ExporterChoice",
    "Option",
    "Reading",
    "Settings",
    "keyword_settings",
    "load_settings",
    "read_settings",
]

YEAR = 31_536_000


class Allowed(str):
    """The allowed values, in words for users; annotates a type."""

    __slots__ = ()


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("true and false are not numbers")  # noqa: TRY004 - pydantic reports ValueError only
    return value


def _refuse_async(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):
        raise ValueError("an async function returns no text")
    return function


def _split(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


_NotBool = BeforeValidator(_refuse_bool)
Switch = Annotated[bool, Allowed("true or false (in the environment also 1/0, yes/no, on/off)")]
Count = Annotated[int, Field(ge=1), _NotBool, Allowed("a whole number, 1 or more")]
Share = Annotated[float, Field(ge=0, le=1), _NotBool, Allowed("a number from 0 to 1")]
RunsPublished = Annotated[Literal["all", "finished", "none"], Allowed("'all', 'finished' or 'none'")]
Seconds = Annotated[
    float, Field(ge=0, le=YEAR), _NotBool, Allowed(f"a number of seconds from 0 to {YEAR} (a year)")
]
Wired = Annotated[
    tuple[Literal["celery", "rq", "asgi"], ...],
    BeforeValidator(_split),
    Allowed("a list of 'celery', 'rq', 'asgi' (in the environment with commas)"),
]
Redact = Annotated[
    Callable[[str], str],
    AfterValidator(_refuse_async),
    Allowed("a function, not async, that takes a text and returns the text to keep"),
]


class Settings(BaseModel):
    """All settings, checked. ``Settings()`` has the defaults and reads neither environment nor files."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    exporters: tuple[InstanceOf[ExporterChoice], ...] = (ExporterChoice("console"),)
    """Where events are sent; empty: nowhere."""
    capture_content: Switch = True
    """Whether events carry content: instructions, messages, arguments and outputs of tools."""
    redact: Redact | None = None
    """Called once with every text of the content, before any exporter; returns the text to keep."""
    max_content_bytes: Count = 65_536
    """The maximum size of each text, in bytes of UTF-8; longer texts are cut."""
    fetch_run_details: Switch = False
    """Whether steps and messages that the app never retrieved are fetched when an assistant's run ends."""
    settle_seconds: Seconds = 1.0
    """How long an ended run waits for facts that usually follow at once; delays export, never the app."""
    tool_wait_seconds: Seconds = 60.0
    """How long a response that asked for calls of the app waits for their outputs before it is published."""
    run_timeout_seconds: Seconds = 900.0
    """How long an open run may go unseen before it is published as unfinished."""
    sample_rate: Share = 1.0
    """The share of turns that is exported (most are one run); turns with a failed run are always kept."""
    queue_size: Count = 10_000
    """The maximum number of events that wait for each exporter; beyond it, some are dropped and counted."""
    max_open_runs: Count = 10_000
    """The maximum number of open runs; beyond it, the one seen longest ago is published as unfinished."""
    publish_runs: RunsPublished = "all"
    """Which runs this process publishes: all that it created or saw end, only the finished ones, or none."""
    propagate: Wired = ()
    """Job queues and ASGI apps that send and receive carriers automatically."""
    shutdown_timeout_seconds: Seconds = 5.0
    """How long the exit of the process may be delayed to deliver what is left."""
    flush_on_sigterm: Switch = False
    """Whether SIGTERM first delivers what was seen, and then has its usual effect."""
    disabled: Switch = False
    """Whether threadtrail is switched off: nothing is patched and nothing is recorded."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The valid settings, their origins, the problems, and the file in force."""

    settings: Settings
    origins: Mapping[str, str]
    problems: Problems
    file: ConfigFile = NO_FILE


def load_settings(**keywords: Any) -> Settings:
    """Return the settings: keyword > environment > file > default, for each key and each option.

    A keyword of ``None`` counts as not given. ``THREADTRAIL_DISABLED=1`` in the environment overrides
    everything, and then nothing else is read: the switch works even if other settings are wrong.

    Raises:
        ConfigurationError: a key is misspelt, a value is not allowed, an exporter is not installed, the
            file cannot be read. It has all problems at once. (Options of exporters are checked by
            ``registry.load``, since that imports the exporter.)
    """
    reading = read_settings(keywords)
    reading.problems.raise_if_any()
    return reading.settings


def read_settings(keywords: Mapping[str, Any], *, origin: str = KEYWORD) -> Reading:
    """Read as ``load_settings`` does, and return the problems instead of raising them.

    ``origin`` is the place where the keywords were given, for messages.
    """
    problems = Problems()
    if _disabled_by_environment():
        switch = f"{ENVIRONMENT} {PREFIX}DISABLED"
        return Reading(Settings(disabled=True, exporters=()), {"disabled": switch}, problems)
    known = tuple(Settings.model_fields)
    given = keyword_layer(keywords, origin, known, problems)
    written, file = file_layer(known, problems)
    names = {*installed.PLUGINS, *given.options, *written.options}
    names |= {entry.name for entry in installed.entry_points()}
    environment = environment_layer(known, names, problems)

    settings, origins = _checked((given, environment, written), problems)
    if not settings.disabled:
        trusted = trusted_choices(settings.exporters, problems)
        settings = settings.model_copy(update={"exporters": trusted})
        _check_exporters(trusted, problems)
    return Reading(settings, origins, problems, file)


def keyword_settings(**keywords: Any) -> Settings:
    """Return the settings of keywords and defaults alone: a test must not depend on where it runs.

    Raises:
        ConfigurationError: as ``load_settings``.
    """
    problems = Problems()
    given = keyword_layer(keywords, KEYWORD, tuple(Settings.model_fields), problems)
    settings, _ = _checked((given,), problems)
    _check_exporters(settings.exporters, problems)
    problems.raise_if_any()
    return settings


def _disabled_by_environment() -> bool:
    text = environment_values(["disabled"]).get("disabled")
    try:
        return TypeAdapter(bool).validate_python(text or False)
    except ValidationError:  # reported later, with everything else that is wrong
        return False


def _checked(layers: tuple[Layer, ...], problems: Problems) -> tuple[Settings, dict[str, str]]:
    """Return the settings of the layers, the first of which wins, and the origin of each.

    Values that are not allowed are left out.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in reversed(layers):
        values |= layer.values
        origins |= layer.origins
    values["exporters"] = _chosen(layers)
    try:
        return Settings(**values), origins
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False):
            key = str(detail["loc"][0])
            if key in values:  # a union reports each of its members
                problems.add(_not_allowed(key, values.pop(key), origins.pop(key)))
        return Settings(**values), origins


def _chosen(layers: tuple[Layer, ...]) -> tuple[ExporterChoice, ...]:
    """Return the exporters of the first layer that chooses, with the options of all layers."""
    default: tuple[ExporterChoice, ...] = Settings.model_fields["exporters"].default
    chosen = next((layer.exporters for layer in layers if layer.exporters is not None), default)
    return tuple(_with_options(choice, layers) for choice in chosen)


def _with_options(choice: ExporterChoice, layers: tuple[Layer, ...]) -> ExporterChoice:
    if choice.name is None or choice.instance is not None:
        return choice
    options: dict[str, Option] = {}
    for layer in reversed(layers):
        options |= layer.options.get(choice.name, {})
    return replace(choice, options=options)


def _check_exporters(chosen: tuple[ExporterChoice, ...], problems: Problems) -> None:
    named = Counter((choice.name, choice.origin) for choice in chosen if choice.name is not None)
    for (name, origin), count in named.items():
        if count > 1:
            says = f"it is chosen {count} times."
            problems.add(Problem("exporters", name, origin, says=says, advice="Choose it once."))
    for choice in chosen:
        if choice.name is not None and choice.instance is None:
            try:
                installed.find(choice.name, choice.origin)
            except ConfigurationError as error:
                problems.add_error(error)


def _not_allowed(key: str, value: object, origin: str) -> Problem:
    field = Settings.model_fields[key]
    allowed = next((text for text in _metadata(field) if isinstance(text, Allowed)), "")
    return Problem(
        key,
        value,
        origin,
        says=f"it must be {allowed}.",
        advice=f"Correct it, or leave it out for the default, {field.default!r}.",
    )


def _metadata(field: Any) -> list[Any]:
    """Return the annotations of a field's type, also if the type is a union with None."""
    members = [getattr(member, "__metadata__", ()) for member in getattr(field.annotation, "__args__", ())]
    return [*field.metadata, *(item for metadata in members for item in metadata)]
