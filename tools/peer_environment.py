"""Make the virtual environment in which a tool is compared, and print its interpreter.

    python tools/peer_environment.py NAME

It holds the openai SDK, OpenTelemetry and the tool; it is made once and found again later.
"""

from __future__ import annotations

import sys

from sdk_tests import PEERS
from sdk_tests_environment import CACHE, SDK_VERSION, virtual_environment

BENCH_CACHE = CACHE.parent / "bench"


def main() -> None:
    """Make the environment of the tool that is named on the command line."""
    requirements = [f"openai=={SDK_VERSION}", "opentelemetry-sdk", PEERS[sys.argv[1]]]
    print(virtual_environment(sys.argv[1], sys.executable, requirements, cache=BENCH_CACHE))


if __name__ == "__main__":
    main()
