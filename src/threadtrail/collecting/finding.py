"""Finds the place for an address to collect from: files, or a place that a plugin offers."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any, cast

from threadtrail import _install
from threadtrail._guard import guard
from threadtrail.checks import shown_address
from threadtrail.collecting.files import FilesPlace
from threadtrail.collecting.place import ENTRY_POINTS
from threadtrail.config.choice import Option
from threadtrail.config.exporter_options import checked
from threadtrail.config.problems import Problems
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from threadtrail.collecting.place import Place

ORIGIN = "--option"
OF_REDIS = ("redis", "rediss", "unix")


def place_for(addresses: Sequence[str], options: Mapping[str, str]) -> Place:
    """Return the place at an address, or of some files; nothing is opened.

    Args:
        addresses: one address with a scheme (``redis://…``), or any number of files and patterns.
        options: options of the place, as text.

    Raises:
        ConfigurationError: nothing that is installed collects from there, or an option is wrong.
    """
    elsewhere = [address for address in addresses if "://" in address]
    if not elsewhere:
        return cast(
            "Place", FilesPlace(addresses, **_values(FilesPlace, "patterns", list(addresses), options))
        )
    if len(addresses) > 1:
        shown = ", ".join(map(shown_address, elsewhere))
        raise ConfigurationError(f"a collector reads one place: {shown}, or files; start one for each")
    make = factory_of(elsewhere[0])
    return cast("Place", make(elsewhere[0], **_values(make, "address", elsewhere[0], options)))


def factory_of(address: str) -> Callable[..., Any]:
    """Return the function or class that makes the place for an address.

    Raises:
        ConfigurationError: nothing that is installed collects from there, or it cannot be imported.
    """
    scheme = address.partition("://")[0]
    entries = list(importlib.metadata.entry_points(group=ENTRY_POINTS, name=scheme))
    if not entries:
        command = _install.plugin_command("redis")
        install = f"; this installs what does: {command}" if scheme in OF_REDIS else ""
        raise ConfigurationError(f"nothing that is installed collects from {scheme}://{install}")
    made, error = guard.catch(entries[0].load)
    if error is not None:
        raise ConfigurationError(f"what collects from {scheme}:// cannot be imported: {error}") from error
    return cast("Callable[..., Any]", made)


def _values(make: Callable[..., Any], first: str, given: Any, options: Mapping[str, str]) -> dict[str, Any]:
    """Return the options, converted to their types; ``first`` is the argument that takes the address."""
    problems = Problems()
    texts = {name: Option(value, ORIGIN, is_text=True) for name, value in options.items() if name != first}
    values = checked("collect", make, {first: Option(given, ORIGIN), **texts}, problems)
    problems.raise_if_any()
    del values[first]
    return values
