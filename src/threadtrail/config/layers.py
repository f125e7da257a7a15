"""The settings of each source: keyword arguments, environment variables, the configuration file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from threadtrail._text import closest, did_you_mean, listed, sentences
from threadtrail.config import file as config_file
from threadtrail.config.choice import ENVIRONMENT, ExporterChoice, Option, choices
from threadtrail.config.file import NO_FILE, ConfigFile
from threadtrail.config.installed import meant
from threadtrail.config.places import PYPROJECT
from threadtrail.config.problems import Problem, unknown_name, unless_secret
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from threadtrail.config.problems import Problems
    from threadtrail.config.trust import Distrust

PREFIX = "THREADTRAIL_"
KEYWORD_ONLY = ("redact",)


@dataclass(slots=True)
class Layer:
    """The settings of one source: values by setting, its choice of exporters, and options by exporter.

    ``exporters`` is None if the source does not choose; ``origins`` has the place of each value.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    exporters: tuple[ExporterChoice, ...] | None = None
    options: dict[str, dict[str, Option]] = field(default_factory=dict)

    def choose(self, value: object, origin: str, problems: Problems) -> None:
        """Set the exporters that ``value`` chooses, and the options that it gives."""
        try:
            self.exporters = choices(value, origin)
        except ConfigurationError as error:
            problems.add_error(error)
            self.exporters = ()
        for choice in self.exporters:
            if choice.name is not None:
                self.options.setdefault(choice.name, {}).update(choice.options)

    def mark(self, distrust: Distrust) -> None:
        """Mark everything about exporters with the reason why its source is not trusted."""
        if self.exporters is not None:
            self.exporters = tuple(replace(choice, distrust=distrust) for choice in self.exporters)
        self.options = {
            exporter: {name: replace(option, distrust=distrust) for name, option in options.items()}
            for exporter, options in self.options.items()
        }


def keyword_layer(
    keywords: Mapping[str, Any], origin: str, known: Collection[str], problems: Problems
) -> Layer:
    """Return the settings of the keyword arguments; None counts as not given."""
    given = {key: value for key, value in keywords.items() if value is not None}
    return _layer(given, origin, known, problems)


def file_layer(known: Collection[str], problems: Problems) -> tuple[Layer, ConfigFile]:
    """Return the settings of the configuration file, and the file."""
    try:
        file = config_file.read_config_file(os.environ.get(config_file.VARIABLE) or None)
    except ConfigurationError as error:
        problems.add_error(error)
        return Layer(), NO_FILE
    if file.path is None:
        return Layer(), file
    origin = f"file {file.path}"
    table = dict(file.table)
    if file.path.name != PYPROJECT and "threadtrail" in _table(table, "tool"):
        del table["tool"]
        problems.add(_table_of_pyproject(origin))
    for key in KEYWORD_ONLY:
        if key in table:
            problems.add(_keyword_only(key, table.pop(key), origin))
    layer = _layer(table, origin, [key for key in known if key not in KEYWORD_ONLY], problems)
    if file.distrust is not None:
        layer.mark(file.distrust)
    return layer, file


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def environment_layer(known: Collection[str], exporters: Collection[str], problems: Problems) -> Layer:
    """Return the settings of the environment; an empty variable counts as not set.

    ``exporters`` are the names whose options may be set there, chosen or not.
    """
    layer = Layer()
    for key, value in environment_values(known).items():
        variable = PREFIX + key.upper()
        origin = f"{ENVIRONMENT} {variable}"
        if key in KEYWORD_ONLY:
            problems.add(_keyword_only(key, value, origin))
        elif key == "exporters":
            layer.choose(value, origin, problems)
        else:
            layer.values[key] = value
            layer.origins[key] = origin
    _read_options(layer, known, exporters, problems)
    return layer


def environment_values(known: Collection[str]) -> dict[str, Any]:
    """Return the settings in the environment, as text, without empty ones.

    The case of letters does not matter: ``threadtrail_disabled`` counts as well.
    """
    given = {variable.upper(): value for variable, value in os.environ.items() if value}
    return {key: given[PREFIX + key.upper()] for key in known if PREFIX + key.upper() in given}


def _layer(values: Mapping[str, Any], origin: str, known: Collection[str], problems: Problems) -> Layer:
    layer = Layer()
    for key, value in values.items():
        if key == "exporters":
            layer.choose(value, origin, problems)
        elif key in known:
            layer.values[key] = value
            layer.origins[key] = origin
        else:
            problems.add(unknown_name("setting", key, value, origin, known))
    return layer


def _read_options(
    layer: Layer, known: Collection[str], exporters: Collection[str], problems: Problems
) -> None:
    """Read each ``THREADTRAIL_<EXPORTER>_<OPTION>``; any other variable is misspelt."""
    settings = {PREFIX + key.upper() for key in known if key not in KEYWORD_ONLY} | {config_file.VARIABLE}
    refused = {PREFIX + key.upper() for key in KEYWORD_ONLY}
    prefixes = {variable_prefix(name) for name in exporters}
    for variable, value in os.environ.items():
        upper = variable.upper()
        if not upper.startswith(PREFIX) or upper in settings | refused or not value:
            continue
        fitting = [prefix for prefix in prefixes if upper.startswith(prefix) and len(upper) > len(prefix)]
        if not fitting:
            problems.add(_unknown_variable(variable, value, settings, prefixes))
            continue
        prefix = max(fitting, key=len)  # with exporters `my` and `my-own`, MY_OWN_PATH is the latter's
        option = Option(value, f"{ENVIRONMENT} {variable}", is_text=True)
        for name in exporters:
            if variable_prefix(name) == prefix:
                layer.options.setdefault(name, {})[upper.removeprefix(prefix).lower()] = option


def variable_prefix(exporter: str) -> str:
    """Return the beginning of the variables of an exporter: ``THREADTRAIL_MY_OWN_`` for ``my-own``."""
    return PREFIX + "".join(letter if letter.isalnum() else "_" for letter in exporter).upper() + "_"


def _unknown_variable(
    variable: str, value: str, settings: Collection[str], prefixes: Collection[str]
) -> Problem:
    # Compared without the common prefix, which makes all names similar.
    name = variable[len(PREFIX) :].upper()
    exporters = [prefix.removeprefix(PREFIX) for prefix in prefixes]
    known = closest(name, [key.removeprefix(PREFIX) for key in settings]) or _meant_option(name, exporters)
    match = PREFIX + known if known else None
    return Problem(
        variable,
        unless_secret(value, match),
        "environment",
        says="it is neither a setting nor an option of a known exporter.",
        advice=sentences(
            did_you_mean(match),
            f"Settings: {listed(sorted(settings))}.",
            f"Options of exporters: {listed(prefix + '<OPTION>' for prefix in sorted(prefixes))}.",
        ),
    )


def _meant_option(name: str, exporters: Collection[str]) -> str | None:
    """Return the option's variable with the exporter's name corrected, if one is similar."""
    words = name.split("_")
    names = [exporter.removesuffix("_").lower() for exporter in exporters]
    for count in range(1, len(words)):
        start = "_".join(words[:count])
        if match := meant(start, names):
            return name.replace(start, match.upper(), 1)
    return None


def _keyword_only(key: str, value: object, origin: str) -> Problem:
    return Problem(
        key,
        value,
        origin,
        says="it can only be a keyword argument.",
        advice=f"Pass a function: threadtrail.instrument({key}=my_function).",
    )


def _table_of_pyproject(origin: str) -> Problem:
    return Problem(
        "[tool.threadtrail]",
        origin=origin,
        says=f"this table is for {PYPROJECT}; any other file has the settings at the top.",
        advice="Leave out [tool.threadtrail], and write [exporters.NAME] for "
        "[tool.threadtrail.exporters.NAME].",
    )
