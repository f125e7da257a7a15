"""Older SDKs speak Responses with the server as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from unpacked import unpacked

FOREGROUND = ["completed", "get_weather says 4; get_weather says 4", "response.completed"]
BACKGROUND = ["4", "queued", "cancelled"]
CONVERSATIONS = ["2", "response.completed"]


@pytest.mark.slow
@pytest.mark.sdks
@pytest.mark.parametrize("version", ["1.109.1", "2.54.0"])
def test_tour(version: str) -> None:
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": unpacked(f"openai-{version}")}
    script = Path(__file__).with_name("old_sdk_responses.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    expected = [version, *FOREGROUND, *BACKGROUND, *CONVERSATIONS, "response.completed"]
    assert done.stdout.strip().split("|") == expected
