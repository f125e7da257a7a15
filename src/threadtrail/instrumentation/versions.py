"""Compares versions of the SDK."""

from __future__ import annotations

import sys


def is_newer(since: str | None) -> bool:
    """Return whether a version is newer than the imported SDK."""
    sdk = getattr(sys.modules.get("openai"), "__version__", None)
    return since is not None and sdk is not None and release_of(sdk) < release_of(since)


def release_of(version: str) -> tuple[int, ...]:
    """Return the numbers of a version: enough to compare the SDK's, which always have three."""
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
