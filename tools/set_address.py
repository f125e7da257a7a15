"""Change the address of the repository in all files that have it.

    python tools/set_address.py https://github.com/OWNER/NAME

The present one is `Repository` in `[project.urls]` of pyproject.toml; all files that git tracks are searched.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def address() -> str:
    """Return the present address."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["urls"]["Repository"])


def main(arguments: list[str]) -> int:
    """Change it; return the exit code."""
    if len(arguments) != 1 or not arguments[0].startswith("https://"):
        print("give one address: make address URL=https://github.com/OWNER/NAME", file=sys.stderr)
        return 2
    old, new = address(), arguments[0].rstrip("/")
    listed = subprocess.run(["git", "grep", "-lF", old], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        file = ROOT / name
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
