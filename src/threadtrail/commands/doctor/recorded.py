"""Which APIs of the installed SDK are recorded, and which are not."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from threadtrail._guard import attempt
from threadtrail._text import listed
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.instrumentation.versions import is_newer
from threadtrail.sources import apis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.sources.apis import Api

AREA = "recorded"


def recorded() -> Iterator[Finding]:
    """Yield which APIs are recorded and which are not; nothing if the SDK cannot be imported."""
    version = getattr(sys.modules.get("openai"), "__version__", None)
    if version is None:
        return
    yield Finding(Level.OK, AREA, f"Of openai {version}: {listed(_in_this_sdk(apis.RECORDED))}.")
    yield Finding(Level.OK, AREA, f"Not recorded: {listed(_in_this_sdk(apis.NOT_RECORDED))}.")


def _in_this_sdk(each: Iterable[Api]) -> Iterator[str]:
    for api in each:
        if any(_exists(module) for module in api.modules) and not is_newer(api.since):
            yield api.name


def _exists(module: str) -> bool:
    found, error = attempt(find_spec, f"openai.resources.{module}")
    return error is None and found is not None
