"""The chosen exporters: their settings, whether they start, and whether their backends answer."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from threadtrail._api import status
from threadtrail._guard import attempt, describe
from threadtrail._text import sentences
from threadtrail.commands.doctor.background import Outcome, begin, logged
from threadtrail.commands.doctor.chosen import backend_variables, is_found, lines, settings_of
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.config import registry
from threadtrail.config.problems import problems_of
from threadtrail.config.registry import LoadedExporter
from threadtrail.config.secrets import secrets_among, without
from threadtrail.errors import CheckError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.config.settings import ExporterChoice, Settings

GRACE_SECONDS = 1.0
"""How much longer than its timeout a check may take before it is given up."""

DESTINATIONS = "destinations"
MAINTAINER = "Report this to the exporter's maintainer."
IN_CODE = "If your program configures the exporter in code, run: threadtrail doctor MODULE."


@dataclass(slots=True)
class Examined:
    """One exporter, and what was found about it so far.

    ``loaded`` is the exporter, if it has started; ``switched_off`` is why it gets no events, if it does not;
    ``answer`` comes from its backend; ``close`` ends what was started here.
    """

    name: str
    secrets: list[str]
    findings: list[Finding] = field(default_factory=list)
    loaded: LoadedExporter | None = None
    switched_off: str | None = None
    answer: Future[Outcome] | None = None
    close: Callable[..., Any] | None = None

    def add(self, level: Level, message: str, advice: str = "", *, refused: bool = False) -> None:
        """Add a finding, without the secrets of this exporter."""
        message, advice = without(self.secrets, message), without(self.secrets, advice)
        self.findings.append(Finding(level, f"exporter {self.name}", message, advice, refused=refused))


def started(choice: ExporterChoice, settings: Settings, *, running: bool, program: bool) -> Examined:
    """Start the chosen exporter, which connects to nothing, and return what was found.

    Args:
        choice: the exporter.
        settings: what it is started with.
        running: whether the program has called ``instrument()``; its own exporter objects are then started.
        program: whether the program was imported.
    """
    options = [(key, option.value) for key, option in choice.options.items()]
    variables = [(variable, os.environ[variable]) for variable in backend_variables(choice)]
    examined = Examined(choice.name or type(choice.instance).__name__, secrets_among([*options, *variables]))
    if not is_found(choice):
        return examined  # it is among the findings of the configuration
    for line in lines(settings_of(choice)):
        examined.add(Level.SETTING, line)
    hint = "" if choice.options or program else IN_CODE
    ours = not (running and choice.instance is not None)
    examined.loaded = _started(examined, choice, settings, start=ours, hint=hint)
    if examined.loaded is not None and ours:
        examined.close = examined.loaded.hooks.shutdown
    return examined


def destinations(examined: Iterable[Examined]) -> Iterator[Finding]:
    """Yield where each exporter that has started sends its data."""
    for each in examined:
        if each.loaded is not None:
            where = without(each.secrets, each.loaded.destination())
            yield Finding(Level.SETTING, DESTINATIONS, f"{each.name}: {where}")


def answers(examined: Sequence[Examined], timeout: float) -> Iterator[Finding]:
    """Check all backends at once, each within ``timeout`` seconds, and yield what was found."""
    deadline = time.monotonic() + timeout + GRACE_SECONDS
    for each in examined:
        if each.loaded is not None:
            _ask(each, each.loaded, timeout)
    for each in examined:
        if each.answer is not None:
            _await(each, each.answer, deadline, timeout)
        yield from each.findings
    closing = [
        begin("close", partial(each.close, timeout=timeout))
        for each in examined
        if each.close is not None and _is_done(each)
    ]
    wait(closing, max(0.0, deadline - time.monotonic()))


def _ask(examined: Examined, loaded: LoadedExporter, timeout: float) -> None:
    if examined.switched_off is not None:
        says = f"It is switched off and gets no events: {examined.switched_off}."
        examined.add(Level.WARNING, says, "To send runs there, remove what switches it off.")
    elif loaded.hooks.check is None:
        unknown = "It starts. It has no hook check, so whether its backend answers is unknown."
        examined.add(Level.NOTE, unknown)
    else:
        examined.answer = begin(f"check {examined.name}", partial(loaded.hooks.check, timeout=timeout))


def _is_done(examined: Examined) -> bool:
    """Return whether the exporter may be called again: not while it hangs in its check."""
    return examined.answer is None or examined.answer.done()


def _started(
    examined: Examined, choice: ExporterChoice, settings: Settings, *, start: bool, hint: str
) -> LoadedExporter | None:
    """Return the exporter, started; None if ``instrument()`` would refuse it."""
    alone = settings.model_copy(update={"exporters": (choice,)})
    loaded, error = attempt(registry.load, alone)
    if error is not None:
        _refused(examined, error, hint)
        return None
    exporter: LoadedExporter
    (exporter,) = loaded
    if exporter.unmarked is not None:
        examined.add(Level.WARNING, exporter.unmarked.message, exporter.unmarked.advice)
    if start and exporter.hooks.start is not None:
        with logged() as records:
            examined.switched_off, error = attempt(exporter.start, settings)
        for record in records:
            level = Level.WARNING if record.levelno >= logging.WARNING else Level.NOTE
            examined.add(level, record.getMessage())
        if error is not None:
            _refused(examined, error, hint)
            return None
    elif not start:
        running = status().exporters.get(exporter.name)
        examined.switched_off = None if running is None else running.switched_off
    return exporter


def _refused(examined: Examined, error: Exception, hint: str) -> None:
    if isinstance(error, ConfigurationError):
        for problem in problems_of(error):
            examined.add(Level.PROBLEM, problem.message, sentences(problem.advice, hint), refused=True)
    else:  # such as `ExitedError`, when it called `sys.exit`
        message = f"It cannot be started: {describe(error)}."
        examined.add(Level.PROBLEM, message, sentences(MAINTAINER, hint), refused=True)


def _await(examined: Examined, answer: Future[Outcome], deadline: float, timeout: float) -> None:
    try:
        sentence, error = answer.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        examined.add(
            Level.PROBLEM,
            f"Its check did not return within {timeout:g} seconds.",
            "Make sure that its backend can be reached from here, or give it more time with --timeout.",
        )
        return
    if isinstance(error, CheckError):
        examined.add(Level.PROBLEM, error.problem, error.advice)
    elif error is not None:
        examined.add(Level.PROBLEM, f"Its check failed: {describe(error)}.", MAINTAINER)
    else:
        examined.add(Level.OK, str(sentence or "It starts. It has no backend to check."))
