"""``python -m threadtrail``: the same as the command ``threadtrail``."""

from __future__ import annotations

import sys

from threadtrail.cli import main

if __name__ == "__main__":
    sys.exit(main())
