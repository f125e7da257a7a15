"""The guide's code runs as it stands."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from fork_server import fork_server
from threadtrail.testing.server import SCENARIOS, __main__

GUIDE = Path(__file__).parents[2] / "docs" / "testing-your-app.md"


@pytest.mark.slow
def test_python_blocks_make_a_test_file_that_passes(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "test_guide.py"
    file.write_text("\n\n".join(blocks), encoding="utf-8")
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    done = fork_server().run(command, cwd=tmp_path, env=os.environ, timeout=240)
    assert done.returncode == 0, done.stdout
    tests = sum(block.count("\ndef test_") + block.startswith("def test_") for block in blocks)
    assert f"{tests} passed" in done.stdout
    assert tests >= 9


def test_scenario_of_the_command_exists() -> None:
    [name] = re.findall(r"--scenario ([\w-]+)", GUIDE.read_text(encoding="utf-8"))
    assert name in SCENARIOS
    assert __main__.__doc__ is not None
