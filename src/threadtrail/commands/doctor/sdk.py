"""The SDK: whether it is installed, in a tested version, with all methods that threadtrail patches."""

from __future__ import annotations

import importlib
import platform
from typing import TYPE_CHECKING

import threadtrail
from threadtrail._guard import attempt, describe
from threadtrail._text import listed
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.instrumentation.install import patches, targets
from threadtrail.instrumentation.versions import is_newer, release_of
from threadtrail.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.instrumentation.patching import Target

AREA = "sdk"
OLDEST_TESTED, NEWEST_TESTED = "1.21.0", "3.57.0"
"""The oldest and the newest version that the test suite runs with."""


def environment() -> Iterator[Finding]:
    """Yield the versions of threadtrail, Python and the system."""
    python = f"Python {platform.python_version()} ({platform.python_implementation()})"
    system = f"{platform.system()} {platform.machine()}"
    yield Finding(Level.OK, "environment", f"threadtrail {threadtrail.__version__}, {python}, {system}.")


def sdk(*, in_force: bool) -> Iterator[Finding]:
    """Import the SDK, patch its methods, restore them, and yield which of them exist.

    With ``in_force``, the program has called ``instrument()`` already, and its patches stay.
    """
    openai, error = attempt(importlib.import_module, "openai")
    if error is not None:
        yield Finding(
            Level.PROBLEM,
            AREA,
            f"The SDK cannot be imported: {describe(error)}.",
            "Install it in this environment: pip install openai",
        )
        return
    version = str(openai.__version__)
    wanted = [each for each in targets(SOURCES) if not each.optional and not is_newer(each.since)]
    for module in dict.fromkeys(target.module for target in wanted):
        attempt(importlib.import_module, module)
    if not in_force:
        patches.install(targets(SOURCES))
    try:
        found = list(_methods(wanted))
    finally:
        if not in_force:
            patches.remove()
    yield _version(version, whole=all(finding.level is Level.OK for finding in found))
    yield from found


def _version(version: str, *, whole: bool) -> Finding:
    """Return the finding about the SDK's version; ``whole`` says whether it has all methods."""
    tested = f"{OLDEST_TESTED} to {NEWEST_TESTED}"
    number = release_of(version)
    if number < release_of(OLDEST_TESTED):
        return Finding(
            Level.WARNING,
            AREA,
            f"openai {version} is older than the versions that threadtrail is tested with, {tested}.",
            "Upgrade it: pip install --upgrade openai",
        )
    if number > release_of(NEWEST_TESTED) and whole:
        return Finding(
            Level.OK, AREA, f"openai {version} has all that threadtrail needs, which is tested with {tested}."
        )
    if number > release_of(NEWEST_TESTED):
        return Finding(
            Level.NOTE,
            AREA,
            f"openai {version} is newer than the versions that threadtrail is tested with, {tested}.",
            "Check for a newer threadtrail: pip install --upgrade threadtrail",
        )
    return Finding(
        Level.OK, AREA, f"openai {version} is within the versions that threadtrail is tested with, {tested}."
    )


def _methods(wanted: list[Target]) -> Iterator[Finding]:
    lacking = {*patches.missing, *patches.not_imported}
    absent = [target for target in wanted if target.path in lacking]
    recorded = f"{len(wanted) - len(absent)} of {len(wanted)} methods are recorded"
    if not absent:
        yield Finding(Level.OK, AREA, f"All {len(wanted)} methods that threadtrail patches exist.")
        return
    if len(absent) == len(wanted):
        yield Finding(
            Level.PROBLEM,
            AREA,
            "This SDK has none of the methods that threadtrail patches, so nothing is recorded.",
            f"Install a version from {OLDEST_TESTED} to {NEWEST_TESTED}.",
        )
        return
    if of_runs := [_short(target) for target in absent if target.follows_runs]:
        yield Finding(
            Level.PROBLEM,
            AREA,
            f"This SDK lacks methods that create or follow runs: {listed(of_runs)}. Runs may not be recorded "
            f"({recorded}).",
            f"Install a version from {OLDEST_TESTED} to {NEWEST_TESTED}, and check whether something in this "
            "environment changes the SDK's classes.",
        )
    if others := [_short(target) for target in absent if not target.follows_runs]:
        yield Finding(
            Level.NOTE,
            AREA,
            f"This SDK lacks {listed(others)}, so your program cannot call that either ({recorded}).",
        )


def _short(target: Target) -> str:
    return f"{target.owner}.{target.method}"
