"""The global state of a process, and what has changed in it."""

from __future__ import annotations

import builtins
import gc
import importlib
import locale
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from threadtrail.sources import SOURCES

WATCHED_PACKAGES = ("openai", "httpx", "httpx2")
"""Packages of the application, in which nothing may be replaced."""

ONLY_DATA = "openai.types"

OPENTELEMETRY = {
    "tracer provider": ("opentelemetry.trace", "_TRACER_PROVIDER"),
    "meter provider": ("opentelemetry.metrics._internal", "_METER_PROVIDER"),
    "logger provider": ("opentelemetry._logs._internal", "_LOGGER_PROVIDER"),
}


def import_sdk() -> None:
    """Import what an application imports, so that a patch of it can be seen."""
    for module in sorted({resource.module for source in SOURCES for resource in source.resources}):
        importlib.import_module(module)


@dataclass(frozen=True, slots=True)
class State:
    """The state of the process at one moment: values by their description, and the running threads."""

    values: dict[str, Any]
    threads: frozenset[threading.Thread] = field(default_factory=lambda: frozenset(threading.enumerate()))


def look() -> State:
    """Return the current state of everything that an exporter might change for the whole process."""
    values: dict[str, Any] = {
        "the working directory": os.getcwd(),  # noqa: PTH109 - compared, not used as a path
        "sys.excepthook": sys.excepthook,
        "sys.unraisablehook": sys.unraisablehook,
        "threading.excepthook": threading.excepthook,
        "sys.stdout": sys.stdout,
        "sys.stderr": sys.stderr,
        "the locale": locale.setlocale(locale.LC_ALL),
        "the default timeout of sockets": socket.getdefaulttimeout(),
        "the recursion limit": sys.getrecursionlimit(),
        "the thread switch interval": sys.getswitchinterval(),
        "garbage collection": gc.isenabled(),
        "the level of the root logger": logging.getLogger().level,
        "the handlers of the root logger": tuple(logging.getLogger().handlers),
        "logging.disable": logging.root.manager.disable,
        "the class of loggers": logging.getLoggerClass(),
    }
    values |= {f"builtins.{name}": value for name, value in vars(builtins).items() if name != "_"}
    values |= {f"the environment variable {name}": value for name, value in os.environ.items()}
    values |= {f"the handler of {each.name}": signal.getsignal(each) for each in signal.Signals}
    for what, (module, name) in OPENTELEMETRY.items():
        # A module that is not imported yet has no provider.
        values[f"OpenTelemetry's global {what}"] = getattr(sys.modules.get(module), name, None)
    for name, loaded in list(sys.modules.items()):
        if name.partition(".")[0] in WATCHED_PACKAGES and not name.startswith(ONLY_DATA):
            values |= _functions(name, loaded)
    return State(values)


def differences(before: State, after: State) -> dict[str, str]:
    """Return what was removed, added or replaced, by its description."""
    nothing = object()
    found = {}
    for what in before.values.keys() | after.values.keys():
        old, new = before.values.get(what, nothing), after.values.get(what, nothing)
        if old is new or old == new or (what.startswith(WATCHED_PACKAGES) and nothing in (old, new)):
            continue  # a package of the application may be imported in between
        found[what] = "removed" if new is nothing else "added" if old is nothing else "replaced"
    return dict(sorted(found.items()))


def _functions(name: str, module: ModuleType) -> dict[str, object]:
    """Return the functions of a module and of the classes that it defines, by their full names."""
    found: dict[str, object] = {}
    for own, value in list(vars(module).items()):
        kind = type(value)  # isinstance() would make the SDK's proxies create a client
        if issubclass(kind, type) and value.__module__ == name:
            for part, method in list(vars(value).items()):
                if callable(method) or isinstance(method, (property, classmethod, staticmethod)):
                    found[f"{name}.{own}.{part}"] = method
        elif issubclass(kind, FunctionType):
            found[f"{name}.{own}"] = value
    return found
