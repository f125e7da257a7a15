"""The whole Assistants surface, on each SDK: the same with threadtrail, without it, and with it broken."""

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

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = "3.54.0"
VERSIONS = ("1.21.0", "1.109.1", "2.54.0", INSTALLED)
TIMEOUT_SECONDS = 55

# Steps that are meant to fail say so in their names.
MEANT_TO_FAIL = re.compile(r"error|wrong|odd|shown: |messages\.delete")
# By design: what nobody parses is not read for him; a run that was only ever listed is not followed;
# and raw wrappers made before are bound to the methods of then.
NOT_RECORDED = re.compile(r"streaming events, by lines|streaming page|early (raw|streaming)")

MODES = ("bare", "on", "chaos")
PROCESSES = ThreadPoolExecutor(max_workers=2)

pytestmark = pytest.mark.slow
on_every_sdk = pytest.mark.parametrize("version", VERSIONS)


def sdk_path(version: str) -> list[str]:
    if version == INSTALLED:
        return []
    folder = ROOT / ".sdks" / f"openai-{version}"
    if not folder.is_dir():
        pytest.fail(f"openai {version} is not in .sdks. Get it with: make sdks")
    return [str(folder)]


@functools.cache
def started(version: str, mode: str) -> Future[dict[str, Any]]:
    return PROCESSES.submit(run, version, mode)


def play(version: str, mode: str) -> dict[str, Any]:
    """Return the record of a play; each is played once, and those that will be wanted next begin."""
    sdk_path(version)
    for each in MODES:
        started(version, each)
    return started(version, mode).result()


def run(version: str, mode: str) -> dict[str, Any]:
    """Play in a process of its own."""
    path = [*sdk_path(version), str(ROOT / "tests"), str(ROOT / "src")]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "record.json")
        command = [sys.executable, "-m", "differential.surface", "--mode", mode]
        # Another layer begins to fail with each SDK, so that each fails in every part of the play.
        command += ["--first", str(VERSIONS.index(version))]
        process = subprocess.run(
            [*command, "--output", str(output)],
            cwd=folder,
            env={**clean_environment(folder), "PYTHONPATH": os.pathsep.join(path)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert process.returncode == 0, f"{mode} on openai {version}:\n{process.stderr[-8000:]}"
        record: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    assert record["sdk"] == version
    return {**record, "stdout": process.stdout, "stderr": process.stderr}


def clean_environment(folder: str) -> dict[str, str]:
    """Return the environment without what would change the play."""
    # Warnings are shown as Python does by default, whatever pytest was started with.
    prefixes = ("OPENAI_", "AZURE_", "THREADTRAIL_", "PYTHON", "SSL_CERT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    # The server speaks plain HTTP: an empty folder of certificates spares each client 30 ms.
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "SSL_CERT_DIR": folder}


@on_every_sdk
def test_the_play_itself_is_sound(version: str) -> None:
    record = play(version, "bare")
    failed = [step["step"] for step in record["steps"] if "error" in step]
    assert [name for name in failed if not MEANT_TO_FAIL.search(name)] == []
    # A script that has silently stopped to do anything must not look like perfect transparency.
    assert len(failed) >= 120
    assert len(record["steps"]) >= 500
    assert len(record["requests"]) >= 700
    shown = [step["shown"] for step in record["steps"] if step.get("shown")]
    assert version == "1.21.0" or len(shown) >= 30


@on_every_sdk
def test_the_same_with_threadtrail(version: str) -> None:
    bare, on = play(version, "bare"), play(version, "on")
    found = differences(bare, on)
    assert not found, report(found)
    assert (on["stdout"], on["stderr"]) == (bare["stdout"], bare["stderr"])


@on_every_sdk
def test_every_run_that_the_program_saw_was_recorded_once(version: str) -> None:
    on = play(version, "on")
    watched = on["watched"]
    assert set(watched["ended"].values()) == {1}
    assert set(watched["created"].values()) == {1}
    assert watched["created"].keys() == watched["ended"].keys()
    steps = [step for step in on["steps"] if not NOT_RECORDED.search(step["step"])]
    seen = {run for step in steps for run in step["runs"]}
    assert seen - watched["ended"].keys() == set()
    assert len(seen) >= 120
    assert watched["contained"] == {}


@on_every_sdk
def test_the_same_with_everything_failing(version: str) -> None:
    bare, chaos = play(version, "bare"), play(version, "chaos")
    found = differences(bare, chaos)
    assert not found, report(found)
    raised = chaos["watched"]["raised"]
    for layer in ("notes", "recording", "delivery", "exporter"):
        assert any(name.startswith(layer) for name in raised), (layer, sorted(raised))


def test_the_comparison_notices_a_moved_warning_and_a_body_read_too_early() -> None:
    found = differences(play(INSTALLED, "bare"), play(INSTALLED, "naive"))
    assert any("runs.create" in text and '+   "watchers.py:' in text for text in found)
    assert any("shown: " in text and '-  "surface.py:' in text for text in found)
    assert any("streaming, parsed" in text for text in found)
    assert any("streaming, not read" in text for text in found)
    assert not any("async" in text.splitlines()[0] for text in found)
