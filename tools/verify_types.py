"""Check by pyright that every public name of a package has a type, which all type checkers agree on.

Usage: ``python tools/verify_types.py PACKAGE...``, with the packages installed for the ``python`` on the PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def main(packages: list[str]) -> int:
    """Print the score of each package, and what lacks a type; return 1 if anything does."""
    complete = [verify(package) for package in packages]
    return 0 if all(complete) else 1


def verify(package: str) -> bool:
    """Print what pyright says of a package; return whether all of it has a type."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--ignoreexternal", "--verifytypes", package]
    environment = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if not ran.stdout.startswith("{"):
        sys.exit(ran.stdout + ran.stderr)
    found: dict[str, Any] = json.loads(ran.stdout)
    report = found["typeCompleteness"]
    known = report["exportedSymbolCounts"]["withKnownType"]
    complete: bool = report["completenessScore"] == 1 and known > 0
    print(f"{package}: {known:,} names with a type, {report['completenessScore']:.1%}")
    if not complete:
        for each in found["generalDiagnostics"]:
            print(f"  {each.get('file', '')}: {each['message']}")
        for symbol in report["symbols"]:
            for each in symbol["diagnostics"]:
                print(f"  {symbol['name']}: {each['message']}")
    return complete


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
