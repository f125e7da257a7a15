"""A collector that is killed at a point of its work, when it comes there for the first time.

python killed_collector.py threadtrail_redis.place:RedisPlace.acknowledge before collect --from redis://…
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from typing import Any

from threadtrail import cli


def main() -> int:
    """Put the end where the command line says, and collect."""
    point, when = sys.argv[1:3]
    module, _, path = point.partition(":")
    name, _, method = path.partition(".")
    owner: Any = getattr(importlib.import_module(module), name)
    original = getattr(owner, method)

    @functools.wraps(original)
    def last(*arguments: Any, **more: Any) -> Any:
        result = original(*arguments, **more) if when == "after" else None
        # Reading nothing, or moving nothing, is not the point.
        if when == "before" or result is None or result:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, method, last)
    return cli.main(sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
