"""Run the openai SDK's own Assistants tests, first as they are and then with threadtrail on.

    python tools/sdk_tests.py                 bare, then with threadtrail; fails unless all pass twice
    python tools/sdk_tests.py --wide          the same with the tests of the client, streams, chat, ...
    python tools/sdk_tests.py --peer NAME     the same tests with another tool on, for comparison
    python tools/sdk_tests.py --peers         every tool that is compared

The tests come out of the SDK's source distribution. Everything is kept in `.cache/sdk-tests`, where
a second call finds it again; a folder that was left half made is made anew.
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

# How many Assistants tests that source distribution holds. A number of our own, because "all of
# them passed" is also true of none: a moved file or an empty collection must not look like success.
EXPECTED_TESTS = 640

ASSISTANTS_TESTS = (
    "tests/api_resources/beta/test_assistants.py",
    "tests/api_resources/beta/test_threads.py",
    "tests/api_resources/beta/threads",
    "tests/lib/test_assistants.py",
    "tests/lib/test_assistant_tool_call_deltas.py",
    "tests/lib/test_assistants_helper_contracts.py",
)
WIDE_TESTS = (
    "tests/test_client.py",
    "tests/test_client_runtime_bindings.py",
    "tests/test_debug_logging.py",
    "tests/test_httpx2.py",
    "tests/test_httpx_compat.py",
    "tests/test_lazy_imports.py",
    "tests/test_legacy_response.py",
    "tests/test_models.py",
    "tests/test_module_client.py",
    "tests/test_response.py",
    "tests/test_sse_framing.py",
    "tests/test_stream_mode.py",
    "tests/test_streaming.py",
    "tests/lib/chat",
    # Its recorded streams are kept outside the source distribution, so it fails without any tool.
    "--ignore=tests/lib/chat/test_completions_streaming.py",
    "tests/lib/responses",
    "tests/lib/streaming",
    "tests/lib/test_azure.py",
    "tests/lib/test_azure_auth.py",
    "tests/lib/test_azure_deployment_path.py",
    "tests/lib/test_azure_redirects.py",
    "tests/lib/test_responses_tool_runner.py",
)

PEERS = {
    "agentops": "agentops==0.4.21",
    "openllmetry": "opentelemetry-instrumentation-openai==0.62.4",
    "openinference": "openinference-instrumentation-openai==0.1.66",
}
TEST_TIMEOUT_SECONDS = 600


@dataclasses.dataclass(frozen=True)
class Result:
    """How one run of the tests ended, and what the loaded plugin says it did."""

    outcomes: dict[str, str]
    by_warning: int
    activity: dict[str, int]

    def count(self, outcome: str) -> int:
        """Return how many tests had this outcome."""
        return list(self.outcomes.values()).count(outcome)

    def __str__(self) -> str:
        """Return the counts as one line."""
        counts = [f"{self.count(outcome)} {outcome}" for outcome in ("passed", "failed")]
        if self.by_warning:
            counts[-1] += f" ({self.by_warning} of them by nothing but a warning)"
        if self.count("skipped"):
            counts.append(f"{self.count('skipped')} skipped")
        return ", ".join([*counts, *(f"{value} {key}" for key, value in self.activity.items())])


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
    tests = (*ASSISTANTS_TESTS, *WIDE_TESTS) if wide else ASSISTANTS_TESTS
    bare = _run(python, source, tests)
    print(f"openai {SDK_VERSION} as it is:         {bare}", flush=True)
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tools")])}
    ours = _run(python, source, tests, plugin="sdk_tests_plugin", environment=path)
    print(f"openai {SDK_VERSION} with threadtrail: {ours}", flush=True)
    problems = _problems(bare, ours, wide=wide)
    for problem in problems:
        print(f"sdk-tests: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _problems(bare: Result, ours: Result, *, wide: bool) -> list[str]:
    """Return why the comparison is no success; an empty list when it is one."""
    problems = []
    for name, result in (("without threadtrail", bare), ("with threadtrail", ours)):
        passed, failed = result.count("passed"), result.count("failed")
        enough = passed >= EXPECTED_TESTS if wide else passed == EXPECTED_TESTS
        if failed or not enough:
            problems.append(f"{name}: {passed} passed, {failed} failed; expected {EXPECTED_TESTS}")
    changed = sorted(
        test
        for test in bare.outcomes.keys() | ours.outcomes.keys()
        if bare.outcomes.get(test) != ours.outcomes.get(test)
    )
    problems += [f"not the same with threadtrail: {test}" for test in changed]
    if not ours.activity.get("patched"):
        problems.append("threadtrail patched nothing, so its run proves nothing")
    if not ours.activity.get("events"):
        problems.append("threadtrail published no event, so its run proves nothing")
    if ours.activity.get("internal errors", 1):
        problems.append("threadtrail had internal errors that it contained; see the output above")
    return problems


def _run_peer(peer: str, base_python: str) -> None:
    requirements = [*TEST_REQUIREMENTS, "opentelemetry-sdk", PEERS[peer]]
    python = virtual_environment(f"venv-{peer}", base_python, requirements)
    source = sdk_source(python)
    environment = {"PYTHONPATH": str(ROOT / "tools"), "SDK_TESTS_PEER": peer}
    result = _run(python, source, ASSISTANTS_TESTS, plugin="sdk_tests_peers", environment=environment)
    print(f"openai {SDK_VERSION} with {PEERS[peer]}: {result}", flush=True)
    if not result.activity.get("spans"):
        raise SdkTestsError(f"{peer} recorded no span, so its run says nothing about it")


def _run(
    python: Path,
    source: Path,
    tests: tuple[str, ...],
    *,
    plugin: str | None = None,
    environment: dict[str, str] | None = None,
) -> Result:
    """Run the tests against the canned server, with or without a plugin."""
    with sdk_tests_server.serve() as url, tempfile.TemporaryDirectory() as folder:
        report, activity = Path(folder, "report.xml"), Path(folder, "activity.json")
        # The SDK's own options ask for parallel workers; its warnings-as-errors stay in force.
        command = [str(python), "-m", "pytest", "-o", "addopts=", "--rootdir", ".", "-q"]
        command += ["-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}"]
        command += ["-p", plugin] if plugin else []
        process = subprocess.run(
            [*command, *tests],
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
        seen = json.loads(activity.read_text(encoding="utf-8")) if activity.exists() else {}
        return Result(*_outcomes(report), activity=seen)


def _outcomes(report: Path) -> tuple[dict[str, str], int]:
    """Return each test's outcome (passed, failed or skipped) and how many a warning failed.

    The suite turns warnings into errors, which tells a coroutine that a tool left un-awaited from
    a wrong result; the comparison of tools wants to know which it was.
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
