"""What `make test-oldest` installs is what pyproject.toml admits, so that no lower bound goes untested."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in f"{version}.0.0".split(".")[:3])


def test_the_oldest_libraries_are_those_of_the_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["testing"]]
    bounds = dict(re.findall(r"([\w-]+)>=([\d.]+)", "\n".join(required)))
    text = (ROOT / "constraints-oldest.txt").read_text(encoding="utf-8")
    installed = dict(re.findall(r"^([\w-]+)==([\d.]+)$", text, re.MULTILINE))
    del bounds["openai"]  # the SDK has a matrix of its own
    assert bounds.keys() <= installed.keys()
    assert {name: release(installed[name]) for name in bounds} == {
        name: release(bound) for name, bound in bounds.items()
    }
