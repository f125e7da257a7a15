"""A collector that sends itself a signal at a point of its work, when it comes there for the first time.

python signalled_collector.py SIGKILL threadtrail_redis.place:RedisPlace.acknowledge before collect --from redis://…
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
    """Put the signal where the command line says, and collect."""
    number = signal.Signals[sys.argv[1]]
    point, when = sys.argv[2:4]
    module, _, path = point.partition(":")
    name, _, method = path.partition(".")
    owner: Any = getattr(importlib.import_module(module), name)
    original = getattr(owner, method)
    signals = [number]

    @functools.wraps(original)
    def signalling(*arguments: Any, **more: Any) -> Any:
        result = original(*arguments, **more) if when == "after" else None
        # Reading nothing, or moving nothing, is not the point.
        if signals and (when == "before" or result is None or result):
            sys.stdout.write(f"{number.name} {when} {point}\n")
            sys.stdout.flush()
            os.kill(os.getpid(), signals.pop())
        return result if when == "after" else original(*arguments, **more)

    setattr(owner, method, signalling)
    return cli.main(sys.argv[4:])


if __name__ == "__main__":
    sys.exit(main())
