"""The check that importing an exporter's module has no effect, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.problem import NotCheckedError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.testing.conformance.case import Case

PROBE = "threadtrail.testing.conformance.import_probe"
PATIENCE_SECONDS = 120.0
"""The timeout of the other process. Usually it takes a second."""


def starts_nothing_at_import(case: Case) -> None:
    """Import the exporter's module in a fresh process: that must not have effects."""
    exporter = case.exporter()
    name = exporter.__name__ if isinstance(exporter, ModuleType) else type(exporter).__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    if name == "__main__" or file is None:
        raise NotCheckedError(f"the module {name!r} has no file.", add="Move the exporter into a file.")
    report = case.folder / "conformance-import.json"
    done = _probed(name, file, report)
    if not report.exists():
        raise Problem(
            rules.IMPORT,
            seen=f"importing {name} failed in a fresh process: {done.stderr.strip() or 'it exited'}",
            fix="make the module importable by itself, without other imports before it.",
        )
    found: list[str] = json.loads(report.read_text(encoding="utf-8"))
    for stream, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        if text:
            found.append(f"it wrote to {stream} ({text.strip()[:200]!r})")
    if found:
        raise Problem(
            rules.IMPORT,
            seen=f"importing {name} had effects: {'; '.join(dict.fromkeys(found))}.",
            fix="move that into start(), or into the first export().",
        )


def _probed(module: str, file: str, report: Path) -> subprocess.CompletedProcess[str]:
    search = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100 - entries of sys.path, as text
    try:
        return subprocess.run(  # noqa: S603 - this interpreter, and a module of ours
            [sys.executable, "-B", "-W", "ignore", "-m", PROBE, module, file, str(report)],
            cwd=report.parent,
            env={**os.environ, "PYTHONPATH": search},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Problem(
            rules.IMPORT,
            seen=f"importing {module} did not end within {PATIENCE_SECONDS:g} s.",
            fix="do not wait for anything at import.",
        ) from None
