from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from threadtrail import hookspecs
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.errors import ConfigurationError
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence


def manager(*plugins: object) -> pluggy.PluginManager:
    made = pluggy.PluginManager(hookspecs.PROJECT)
    made.add_hookspecs(hookspecs)
    for number, plugin in enumerate(plugins):
        made.register(plugin, name=f"exporter {number}")
    return made


@dataclass
class Exporter:
    """A plain dataclass: comparable, and so without a hash."""

    name: str
    got: list[Any] = field(default_factory=list)

    @hookimpl
    def export(self, events: Sequence[Any]) -> None:
        self.got += events

    @hookimpl
    def capture_context(self) -> str:
        return f"context of {self.name}"


class WithDefault:
    def __init__(self) -> None:
        self.got: list[Any] = []

    @hookimpl
    def export(self, events: Sequence[Any], contexts: Sequence[Any] = ()) -> None:
        self.got.append((*events, *contexts))


class Twice:
    @hookimpl
    def flush(self) -> None: ...

    @hookimpl(specname="flush")
    def flush_more(self) -> None: ...


def test_only_the_named_plugin_is_called() -> None:
    first, second = Exporter("first"), Exporter("second")
    plugins = manager(first, second)
    hooks = ExporterHooks.from_plugin_manager(plugins, second)
    assert hooks.export is not None
    assert hooks.capture_context is not None
    hooks.export(events=("e",), contexts=("c",))
    assert (first.got, second.got) == ([], ["e"])
    assert hooks.capture_context() == "context of second"


def test_a_hook_not_implemented_is_none() -> None:
    exporter = Exporter("one")
    hooks = ExporterHooks.from_plugin_manager(manager(exporter), exporter)
    assert [hooks.start, hooks.flush, hooks.shutdown, hooks.after_fork] == [None] * 4


def test_every_specified_hook_has_its_place() -> None:
    specified = {name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "threadtrail_spec")}
    assert specified == set(ExporterHooks.__slots__)


def test_arguments_with_a_default_are_given_too() -> None:
    exporter = WithDefault()
    hooks = ExporterHooks.from_plugin_manager(manager(exporter), exporter)
    assert hooks.export is not None
    hooks.export(events=("e",), contexts=("c",))
    assert exporter.got == [("e", "c")]


def test_one_hook_twice_is_refused() -> None:
    exporter = Twice()
    with pytest.raises(ConfigurationError, match=r"'exporter 0'.*'flush'.*flush_more"):
        ExporterHooks.from_plugin_manager(manager(exporter), exporter)
