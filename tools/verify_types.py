"""Check by pyright that every public name of a package has a docstring, and a type that checkers agree on.

Usage: ``python tools/verify_types.py PACKAGE...``; the packages are those of the ``python`` on the PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def main(packages: list[str]) -> int:
    """Print the score of each package, and the names without a type; return 1 if there are any."""
    complete = [verify(package) for package in packages]
    return 0 if all(complete) else 1


def verify(package: str) -> bool:
    """Print what pyright reports about a package; return whether nothing is missing."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--ignoreexternal", "--verifytypes", package]
    environment = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if not ran.stdout.startswith("{"):
        sys.exit(ran.stdout + ran.stderr)
    found: dict[str, Any] = json.loads(ran.stdout)
    report = found["typeCompleteness"]
    known = report["exportedSymbolCounts"]["withKnownType"]
    print(f"{package}: {known:,} names with a type, {report['completenessScore']:.1%}")
    lacking = [f"{each.get('file', '')}: {each['message']}" for each in found["generalDiagnostics"]]
    for symbol in report["symbols"]:
        lacking += [f"{symbol['name']}: {each['message']}" for each in symbol["diagnostics"]]
    print("".join(f"  {line}\n" for line in lacking), end="")
    return not lacking and known > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
