"""The whole surface of each API, on each SDK: the same with threadtrail, without it, and with it broken."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from differential.compare import differences, report
from unpacked import unpacked

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = "3.54.0"
NEWEST = "3.57.0"
VERSIONS = {
    "assistants": ("1.21.0", "1.109.1", "2.54.0", INSTALLED, NEWEST),
    "responses": ("1.66.0", "1.109.1", "2.54.0", INSTALLED, NEWEST),
}
TIMEOUT_SECONDS = 800

# Steps that are meant to fail say so in their names.
MEANT_TO_FAIL = re.compile(r"error|wrong|odd|shown: |messages\.delete")
# How much there is of each play at least, in steps, requests, failures and runs. A script that has silently
# stopped to do anything must not look like perfect transparency.
LEAST = {"assistants": (500, 700, 120, 120), "responses": (500, 450, 110, 100)}
# By design: what nobody parses is not read for him; and a run that was only ever listed is not followed.
NOT_RECORDED = re.compile(r"streaming events, by lines|streaming page")
# Each create begins a run, also on a server that gives all of them one id; the play has one for each client.
CONSTANT_ID = {"__fake_id__": 2}

TOGETHER = (("bare", "on"), ("chaos",))
"""The modes that share a process: chaos begins before the SDK is imported."""

PROCESSES = ThreadPoolExecutor(max_workers=2)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(TIMEOUT_SECONDS + 100)]
on_every_sdk = pytest.mark.parametrize(
    ("name", "version"),
    [
        pytest.param(name, version, marks=[] if version == NEWEST else pytest.mark.sdks)
        for name, versions in VERSIONS.items()
        for version in versions
    ],
)


def sdk_path(version: str) -> list[str]:
    return [] if version == INSTALLED else [unpacked(f"openai-{version}")]


@functools.cache
def started(name: str, version: str, modes: tuple[str, ...]) -> Future[dict[str, dict[str, Any]]]:
    return PROCESSES.submit(run, name, version, modes)


def play(name: str, version: str, mode: str) -> dict[str, Any]:
    """Return the record of a play; each is played once, and those that will be wanted next begin."""
    sdk_path(version)
    futures = [(modes, started(name, version, modes)) for modes in TOGETHER]
    (future,) = [future for modes, future in futures if mode in modes]
    return future.result()[mode]


def differences_of_naive(name: str) -> list[str]:
    """Return what the comparison finds of a program that instruments as is commonly done."""
    records = started(name, NEWEST, ("bare", "naive")).result()
    return differences(records["bare"], records["naive"])


def run(name: str, version: str, modes: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Play in a process of its own, and return the record of each mode."""
    path = [*sdk_path(version), str(ROOT / "tests"), str(ROOT / "src")]
    with tempfile.TemporaryDirectory() as folder:
        certificates, output = Path(folder, "certificates"), Path(folder, "records")
        certificates.mkdir()
        output.mkdir()
        command = [sys.executable, "-m", "differential.surface", "--play", name, "--mode", *modes]
        # Another layer begins to fail with each SDK, so that each fails in every part of the play.
        command += ["--first", str(VERSIONS[name].index(version))]
        process = subprocess.run(
            [*command, "--output", str(output)],
            cwd=folder,
            env={**clean_environment(certificates), "PYTHONPATH": os.pathsep.join(path)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert process.returncode == 0, f"{name}, {modes} on openai {version}:\n{process.stderr[-8000:]}"
        return {mode: record_in(output, mode, version) for mode in modes}


def record_in(folder: Path, mode: str, version: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / f"{mode}.json").read_text(encoding="utf-8"))
    assert record["sdk"] == version
    for name in ("stdout", "stderr"):
        printed = folder / f"{mode}.{name}"
        record[name] = printed.read_text(encoding="utf-8") if printed.exists() else ""
    return record


def clean_environment(certificates: Path) -> dict[str, str]:
    """Return the environment without what would change the play."""
    # Warnings are shown as Python does by default, whatever pytest was started with.
    prefixes = ("OPENAI_", "AZURE_", "THREADTRAIL_", "PYTHON", "SSL_CERT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    # The server speaks plain HTTP: an empty folder of certificates spares each client 30 ms.
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "SSL_CERT_DIR": str(certificates)}


@on_every_sdk
def test_the_play_itself_is_sound(name: str, version: str) -> None:
    record = play(name, version, "bare")
    failed = [step["step"] for step in record["steps"] if "error" in step]
    assert [step for step in failed if not MEANT_TO_FAIL.search(step)] == []
    steps, requests, failures, _ = LEAST[name]
    assert len(record["steps"]) >= steps
    assert len(record["requests"]) >= requests
    assert len(failed) >= failures
    shown = [step["shown"] for step in record["steps"] if step.get("shown")]
    assert name != "assistants" or version == "1.21.0" or len(shown) >= 30


@on_every_sdk
def test_the_same_with_threadtrail(name: str, version: str) -> None:
    bare, on = play(name, version, "bare"), play(name, version, "on")
    found = differences(bare, on)
    assert not found, report(found)
    assert (on["stdout"], on["stderr"]) == (bare["stdout"], bare["stderr"])


@on_every_sdk
def test_every_run_that_the_program_saw_was_recorded_once(name: str, version: str) -> None:
    on = play(name, version, "on")
    watched = on["watched"]
    assert watched["created"] == watched["ended"]
    more = {run: count for run, count in watched["ended"].items() if count != 1}
    assert more == (CONSTANT_ID if name == "responses" else {})
    steps = [step for step in on["steps"] if not NOT_RECORDED.search(step["step"])]
    seen = {run for step in steps for run in step["runs"]}
    assert seen - watched["ended"].keys() == set()
    assert len(seen) >= LEAST[name][3]
    assert watched["contained"] == {}


@on_every_sdk
def test_the_same_with_everything_failing(name: str, version: str) -> None:
    bare, chaos = play(name, version, "bare"), play(name, version, "chaos")
    found = differences(bare, chaos)
    assert not found, report(found)
    raised = chaos["watched"]["raised"]
    for layer in ("notes", "recording", "delivery", "exporter"):
        assert any(each.startswith(layer) for each in raised), (layer, sorted(raised))


@pytest.mark.sdks
def test_the_comparison_notices_a_moved_warning_and_a_body_read_too_early() -> None:
    found = differences_of_naive("assistants")
    assert any("runs.create" in text and '+   "watchers.py:' in text for text in found)
    assert any("shown: " in text and '-  "surface.py:' in text for text in found)
    assert any("streaming, parsed" in text for text in found)
    assert any("streaming, not read" in text for text in found)
    assert not any("async" in text.splitlines()[0] for text in found)


@pytest.mark.sdks
def test_the_comparison_notices_tools_used_up_and_answers_that_are_no_objects() -> None:
    found = differences_of_naive("responses")
    assert any("POST /v1/responses" in text and "get_weather" in text for text in found)
    assert any("odd HTML for responses.retrieve" in text and "AttributeError" in text for text in found)
    assert not any("steps: async" in text for text in found)
