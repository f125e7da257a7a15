"""The example of a fleet, as a user runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from doc_blocks import ROOT
from shared_fixtures import PATIENCE

from collectors import clean_environment
from redis_server import find_server


@pytest.mark.slow
def test_the_fleet_ends_as_one_run_in_one_trace() -> None:
    find_server()
    played = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "examples" / "fleet.py")],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=True,
    )
    assert "worker: x is 1." in played.stdout
    assert "webhook: completed" in played.stdout
    assert "1 run exported" in played.stdout
    assert "math tutor  1 run" in played.stderr
    assert "user student-7" in played.stderr
    assert "190 in · 32 out" in played.stderr
