"""Compares the tree before a change with this one: the same calls and runs, in alternating new processes."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.child import ROOT
from benchmarks.pairs import Pairs
from benchmarks.precision import is_precise
from benchmarks.processes import Case
from benchmarks.response_workloads import CREATE
from benchmarks.workloads import CALL_NAMES, RUN_CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.effort import Effort


def compare(commit: str, effort: Effort) -> dict[str, Pairs]:
    """Measure the tree of ``commit`` and this one in turns, until the change of each row is precise.

    Return, by row, what either adds per call, in microseconds of CPU time.
    """
    pairs: dict[str, Pairs] = {}
    fewest, most = effort.processes_of_change
    with tree_of(commit) as before:
        for number in range(1, most + 1):
            order = (before, ROOT) if number % 2 else (ROOT, before)
            rows = {tree: _added_with(tree, effort) for tree in order}
            for name, now in rows[ROOT].items():
                pairs.setdefault(name, Pairs()).add_microseconds(rows[before][name], now)
            if number >= fewest and is_precise([each.summary() for each in pairs.values()]):
                break
    return pairs


def _added_with(tree: Path, effort: Effort) -> dict[str, float]:
    """Measure the package of a tree with the benchmark of this one."""
    calls, foreground, runs = (
        Case("threadtrail", workload).measure_once(effort, PYTHONPATH=str(tree / "src"))
        for workload in ("calls", "foreground", "runs")
    )
    rows = {name: calls.of("thread", name).summary().added for name in CALL_NAMES}
    rows[CREATE] = foreground.of("thread", CREATE).summary().added
    rows["a run, the caller"] = runs.of("thread").summary(RUN_CALLS).added
    rows["a run, all threads"] = runs.of("total").summary(RUN_CALLS).added
    return rows


@contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """Have the files of a commit in a directory of their own."""
    with tempfile.TemporaryDirectory(prefix="threadtrail-before-") as directory:
        tree = Path(directory) / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - a commit that the command line names
        ["git", *arguments],  # noqa: S607 - the user's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
