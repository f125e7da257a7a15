"""Stand-ins for what gevent and others raise in an app's thread, under the names that it is known by."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

INTERRUPTS = {
    "greenlet": ("GreenletExit", BaseException),
    "gevent.timeout": ("Timeout", BaseException),
    "eventlet.timeout": ("Timeout", BaseException),
    "billiard.exceptions": ("SoftTimeLimitExceeded", Exception),
    "rq.timeouts": ("BaseTimeoutException", Exception),
}
"""By module: the class, and what it derives from there."""


def loaded(module: str, patch: pytest.MonkeyPatch) -> type[BaseException]:
    """Pretend that the module is loaded; return its exception, of a class that derives from the one named."""
    name, base = INTERRUPTS[module]
    known = type(name, (base,), {})
    fake = ModuleType(module)
    setattr(fake, name, known)
    patch.setitem(sys.modules, module, fake)
    return type("Derived", (known,), {})
