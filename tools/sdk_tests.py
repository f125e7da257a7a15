"""Run the openai SDK's own tests for Assistants and Responses, as they are and then with threadtrail on.

    python tools/sdk_tests.py                 bare, then with threadtrail; fails unless all pass both times
    python tools/sdk_tests.py --wide          also the tests of the client, chat, Azure, ...
    python tools/sdk_tests.py --peer NAME     the Assistants tests with another tool on, for comparison
    python tools/sdk_tests.py --peers         every tool that is compared

The tests come from the SDK's source distribution. Everything is kept in `.cache/sdk-tests`, and used again by
the next call; an incomplete folder is made again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import sdk_tests_server
from sdk_tests_environment import (
    ROOT,
    SDK_VERSION,
    TEST_REQUIREMENTS,
    SdkTestsError,
    clean_environment,
    project_requirements,
    sdk_source,
    virtual_environment,
)
from sdk_tests_suites import ASSISTANTS, RESPONSES, REST, Suite

PEERS = {
    "agentops": "agentops==0.4.21",
    "openllmetry": "opentelemetry-instrumentation-openai==0.62.4",
    "openinference": "openinference-instrumentation-openai==0.1.66",
}
TEST_TIMEOUT_SECONDS = 600
WORKERS = 2


@dataclasses.dataclass(frozen=True)
class Result:
    """The outcome of one run of the tests, and what the loaded plugin reports about itself."""

    outcomes: dict[str, str]
    by_warning: int
    activity: dict[str, Any]

    def count(self, outcome: str) -> int:
        """Return how many tests had this outcome."""
        return list(self.outcomes.values()).count(outcome)

    def __str__(self) -> str:
        """Return the counts as one line."""
        counts = [f"{self.count(outcome):,} {outcome}" for outcome in ("passed", "failed")]
        if self.by_warning:
            counts[-1] += f" ({self.by_warning} of them only because of a warning)"
        if self.count("skipped"):
            counts.append(f"{self.count('skipped'):,} skipped")
        seen = (f"{value:,} {key}" for key, value in self.activity.items() if isinstance(value, int))
        return ", ".join([*counts, *seen])


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    options = _options()
    try:
        if options.peers or options.peer:
            for peer in PEERS if options.peers else [options.peer]:
                _run_peer(peer, options.sdk_python)
            return 0
        return _run_threadtrail(options.sdk_python, wide=options.wide)
    except (SdkTestsError, subprocess.SubprocessError) as error:
        print(f"sdk-tests: {error}", file=sys.stderr)
        return 2


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--wide", action="store_true", help="also the tests beyond Assistants")
    parser.add_argument("--peer", choices=sorted(PEERS), help="run with this tool instead of ours")
    parser.add_argument("--peers", action="store_true", help="run with each tool that is compared")
    parser.add_argument(
        "--sdk-python",
        default=sys.executable,
        metavar="PYTHON",
        help="interpreter that the environments are made of (default: the one running this)",
    )
    return parser.parse_args()


def _run_threadtrail(base_python: str, *, wide: bool) -> int:
    python = virtual_environment("venv", base_python, project_requirements())
    source = sdk_source(python)
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tools")])}
    found = False
    for suite in (ASSISTANTS, RESPONSES, REST) if wide else (ASSISTANTS, RESPONSES):
        bare = _run(python, source, suite)
        print(f"{suite.name}, openai {SDK_VERSION} as it is:         {bare}", flush=True)
        ours = _run(python, source, suite, plugin="sdk_tests_plugin", environment=path)
        print(f"{suite.name}, openai {SDK_VERSION} with threadtrail: {ours}", flush=True)
        for problem in _problems(suite, bare, ours):
            print(f"sdk-tests: {suite.name}: {problem}", file=sys.stderr)
            found = True
    return 1 if found else 0


def _problems(suite: Suite, bare: Result, ours: Result) -> list[str]:
    """Return why the comparison failed; an empty list if it succeeded."""
    problems = []
    for name, result in (("without threadtrail", bare), ("with threadtrail", ours)):
        passed, failed = result.count("passed"), result.count("failed")
        expected = suite.expected or max(passed, 1)
        if failed or passed != expected:
            problems.append(f"{name}: {passed} passed, {failed} failed; expected {expected}")
    changed = sorted(
        test
        for test in bare.outcomes.keys() | ours.outcomes.keys()
        if bare.outcomes.get(test) != ours.outcomes.get(test)
    )
    problems += [f"not the same with threadtrail: {test}" for test in changed]
    if not ours.activity.get("patched"):
        problems.append("threadtrail patched nothing, so its run proves nothing")
    if suite.source and suite.source not in ours.activity.get("sources", ()):
        problems.append(f"threadtrail published no event of {suite.source}, so its run proves nothing")
    if ours.activity.get("internal errors", 1):
        problems.append("threadtrail had internal errors that it contained; see the output above")
    return problems


def _run_peer(peer: str, base_python: str) -> None:
    requirements = [*TEST_REQUIREMENTS, "opentelemetry-sdk", PEERS[peer]]
    python = virtual_environment(f"venv-{peer}", base_python, requirements)
    source = sdk_source(python)
    environment = {"PYTHONPATH": str(ROOT / "tools"), "SDK_TESTS_PEER": peer}
    result = _run(python, source, ASSISTANTS, plugin="sdk_tests_peers", environment=environment)
    print(f"openai {SDK_VERSION} with {PEERS[peer]}: {result}", flush=True)
    if not result.activity.get("spans"):
        raise SdkTestsError(f"{peer} recorded no span, so its run says nothing about it")


def _run(
    python: Path,
    source: Path,
    suite: Suite,
    *,
    plugin: str | None = None,
    environment: dict[str, str] | None = None,
) -> Result:
    """Run the tests against the canned server, with or without a plugin."""
    with sdk_tests_server.serve() as url, tempfile.TemporaryDirectory() as folder:
        report, activity = Path(folder, "report.xml"), Path(folder, "activity")
        activity.mkdir()
        # The SDK's own options ask for a worker per core; its warnings-as-errors stay in force.
        command = [str(python), "-m", "pytest", "-o", "addopts=", "--rootdir", ".", "-q", f"-n{WORKERS}"]
        command += ["-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}"]
        command += ["-p", plugin] if plugin else []
        process = subprocess.run(
            [*command, *suite.tests],
            cwd=source,
            env={
                **clean_environment(),
                **(environment or {}),
                "TEST_API_BASE_URL": url,
                "SDK_TESTS_REPORT": str(activity),
            },
            capture_output=True,
            text=True,
            timeout=TEST_TIMEOUT_SECONDS,
            check=False,
        )
        if process.returncode and plugin != "sdk_tests_peers":
            print(process.stdout[-8000:], process.stderr[-4000:], file=sys.stderr)
        if not report.exists():
            raise SdkTestsError(f"pytest wrote no report:\n{process.stdout}{process.stderr}")
        return Result(*_outcomes(report), activity=_activity(activity))


def _activity(folder: Path) -> dict[str, Any]:
    """Return the merged reports of the processes of a run: counts are added up, except for "patched"."""
    seen: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        for key, value in json.loads(path.read_text(encoding="utf-8")).items():
            if key == "patched":
                seen[key] = max(value, seen.get(key, 0))
            else:
                seen[key] = seen[key] + value if key in seen else value
    return seen


def _outcomes(report: Path) -> tuple[dict[str, str], int]:
    """Return each test's outcome (passed, failed or skipped), and how many failed because of a warning.

    The suite turns warnings into errors. The comparison of tools must tell a coroutine that a tool left
    un-awaited from a wrong result.
    """
    outcomes: dict[str, str] = {}
    by_warning = 0
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        name = f"{case.get('classname')}::{case.get('name')}"
        failures = [child for child in case if child.tag in {"failure", "error"}]
        if failures:
            messages = [failure.get("message", "") for failure in failures]
            by_warning += all(re.match(r"\w*Warning:", message) for message in messages)
        # A test that fails and whose teardown fails too stands there twice.
        if failures or outcomes.get(name) == "failed":
            outcomes[name] = "failed"
        else:
            outcomes[name] = "passed" if case.find("skipped") is None else "skipped"
    return outcomes, by_warning


if __name__ == "__main__":
    sys.exit(main())
