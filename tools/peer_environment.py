"""Make the virtual environment in which a tool is compared, and print its interpreter.

    python tools/peer_environment.py NAME

It has the SDK version of the environment that runs this, OpenTelemetry and the tool. It is made once, and
used again later.
"""

from __future__ import annotations

import importlib.metadata
import sys

from sdk_tests import PEERS
from sdk_tests_environment import CACHE, virtual_environment

BENCH_CACHE = CACHE.parent / "bench"


def main() -> None:
    """Make the environment of the tool that is named on the command line."""
    requirements = [
        f"openai=={importlib.metadata.version('openai')}",
        "opentelemetry-sdk",
        PEERS[sys.argv[1]],
    ]
    print(virtual_environment(sys.argv[1], sys.executable, requirements, cache=BENCH_CACHE))


if __name__ == "__main__":
    main()
