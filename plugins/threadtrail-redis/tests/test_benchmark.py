"""The benchmark of collectors runs and prints both tables; their values are not tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from shared_fixtures import PATIENCE

from redis_server import find_server

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_it_prints_its_tables() -> None:
    find_server()
    command = [sys.executable, "-m", "benchmarks.collecting", "--quick"]
    printed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=4 * PATIENCE, check=True
    ).stdout
    assert printed.startswith("`python -m benchmarks.collecting --quick` (")
    assert re.search(r"^\| 2 \| [\d,]+ \| [\d,]+ \| \d+\.\d \|$", printed, re.MULTILINE)
    assert re.search(r"^\| 200 \| \d+ MiB \|$", printed, re.MULTILINE)
