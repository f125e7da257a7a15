"""The chosen exporters: their settings, whether they start, and whether their backends answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from threadtrail._guard import attempt, describe
from threadtrail._text import listed
from threadtrail.commands.doctor.background import Outcome, begin, logged
from threadtrail.commands.doctor.chosen import (
    Setting,
    backend_variables,
    is_found,
    lines,
    named_in,
    settings_of,
)
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.commands.doctor.secrets import secrets_of, without
from threadtrail.config import registry
from threadtrail.errors import CheckError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.config.registry import ExporterHooks
    from threadtrail.config.settings import ExporterChoice, Settings

GRACE_SECONDS = 1.0
"""How much longer than its timeout a check may take before it is given up."""

MAINTAINER = "See whether its settings are right; if they are, tell who maintains it."
IN_CODE = "If your program sets this up in its code, name it: threadtrail doctor MODULE."


@dataclass(slots=True)
class _Examined:
    """One exporter, and what was found of it so far; ``answer`` comes once its backend was asked.

    ``close`` ends what was started here.
    """

    area: str
    settings: list[Setting]
    secrets: list[str]
    findings: list[Finding] = field(default_factory=list)
    answer: Future[Outcome] | None = None
    close: Callable[..., Any] | None = None

    def add(self, level: Level, message: str, advice: str = "", *, refused: bool = False) -> None:
        finding = Finding(level, self.area, message, advice, refused=refused)
        self.findings.append(without(self.secrets, finding))


def exporters(settings: Settings, timeout: float, *, running: bool, program: bool) -> Iterator[Finding]:
    """Start each chosen exporter, have all of them ask their backends at once, and tell what came of it.

    Args:
        settings: what chooses them.
        timeout: seconds that a backend may take to answer.
        running: the program has switched threadtrail on; its own exporter objects are started already.
        program: whether the program was imported.
    """
    hint = "" if program else IN_CODE
    examined = [
        _begin(choice, settings, timeout, running=running, hint=hint) for choice in settings.exporters
    ]
    deadline = time.monotonic() + timeout + GRACE_SECONDS
    for each in examined:
        if each.answer is not None:
            _await(each, each.answer, deadline, timeout)
        yield from each.findings
    closing = [begin("close", each.close) for each in examined if each.close and _is_done(each)]
    wait(closing, max(0.0, deadline - time.monotonic()))


def _begin(
    choice: ExporterChoice, settings: Settings, timeout: float, *, running: bool, hint: str
) -> _Examined:
    name = choice.name or type(choice.instance).__name__
    secrets = secrets_of(choice, backend_variables(choice))
    examined = _Examined(f"exporter {name}", settings_of(choice), secrets)
    if not is_found(choice):
        return examined  # which is told with the configuration
    for line in lines(examined.settings):
        examined.add(Level.SETTING, line)
    hint = "" if choice.options else hint
    ours = not (running and choice.instance is not None)
    hooks = _started(examined, choice, settings, start=ours, hint=hint)
    if hooks is None:
        return examined
    if hooks.check is None:
        examined.add(
            Level.NOTE, "It starts. It has no hook check, so whether its backend answers is not known."
        )
    else:
        examined.answer = begin(f"check {name}", partial(hooks.check, timeout=timeout))
    if hooks.shutdown is not None and ours:
        examined.close = partial(hooks.shutdown, timeout=timeout)
    return examined


def _is_done(examined: _Examined) -> bool:
    """Whether the exporter may be called again: one that hangs in its check may not."""
    return examined.answer is None or examined.answer.done()


def _started(
    examined: _Examined, choice: ExporterChoice, settings: Settings, *, start: bool, hint: str
) -> ExporterHooks | None:
    """Return the hooks of the exporter, ready to be asked; None if ``instrument()`` would be refused."""
    alone = settings.model_copy(update={"exporters": (choice,)})
    loaded, error = attempt(registry.load, alone)
    if error is not None:
        _refused(examined, error, hint)
        return None
    (exporter,) = loaded
    hooks: ExporterHooks = exporter.hooks
    if start and hooks.start is not None:
        with logged() as records:
            _, error = attempt(hooks.start, settings=settings)
        for record in records:
            level = Level.WARNING if record.levelno >= logging.WARNING else Level.NOTE
            examined.add(level, record.getMessage())
        if error is not None:
            _refused(examined, error, hint)
            return None
    return hooks


def _refused(examined: _Examined, error: Exception, hint: str) -> None:
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            examined.add(Level.PROBLEM, problem, hint, refused=True)
        return
    said = describe(error)
    blamed = named_in(said, examined.settings)
    advice = f"Correct {listed(map(str, blamed))}." if blamed else MAINTAINER
    examined.add(Level.PROBLEM, f"Its start failed: {said}.", f"{advice} {hint}".strip(), refused=True)


def _await(examined: _Examined, answer: Future[Outcome], deadline: float, timeout: float) -> None:
    try:
        sentence, error = answer.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        examined.add(
            Level.PROBLEM,
            f"Its check did not come back within {timeout:g} seconds.",
            "See whether its backend can be reached from here; --timeout gives it longer.",
        )
        return
    if isinstance(error, CheckError):
        examined.add(Level.PROBLEM, error.problem, error.advice)
    elif error is not None:
        examined.add(Level.PROBLEM, f"Its check failed: {describe(error)}.", "Tell who maintains it.")
    else:
        examined.add(Level.OK, str(sentence or "It starts; there is nobody to ask."))
