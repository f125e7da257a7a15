"""Examines everything, in the order of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.commands.doctor import other_instrumentations, program, sdk
from threadtrail.commands.doctor.configuration import configuration, configured, in_force
from threadtrail.commands.doctor.exporters import answers, destinations, started
from threadtrail.commands.doctor.findings import Report
from threadtrail.commands.doctor.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def examine(
    module: str | None, names: Sequence[str], timeout: float, before_connecting: Callable[[Report], None]
) -> Report:
    """Examine the environment, the SDK, the configuration, the exporters and other instrumentations.

    Args:
        module: the program, imported first; ``None`` for none.
        names: exporters to check instead of the configured ones.
        timeout: the time that a backend may take to answer, in seconds.
        before_connecting: called with the report so far before any backend is asked. The report then has
            the configuration file in force and where each exporter sends.
    """
    report = Report()
    report.add(sdk.environment())
    if module is not None:
        report.add(program.imported(module))
    running = None if names else in_force()
    reading = running or configured(names)
    report.add(sdk.sdk(in_force=in_force() is not None))
    report.add(recorded())
    report.add(configuration(reading))
    settings = reading.settings
    chosen = [] if settings.disabled else settings.exporters
    examined = [
        started(choice, settings, running=running is not None, program=module is not None)
        for choice in chosen
    ]
    report.add(destinations(examined))
    before_connecting(report)
    report.add(answers(examined, timeout))
    # Last, since an exporter may remove the wrappers of others when it is started.
    found = other_instrumentations.live(settings.exporters)
    report.add(found or [other_instrumentations.nothing_found(program=module is not None)])
    if not found:
        report.add(other_instrumentations.installed())
    return report
