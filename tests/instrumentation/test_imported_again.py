"""What is patched when a module is imported once more, and after others removed the finders of imports.

pytest's `pytester` does both: after a session within a test, it restores `sys.modules` and `sys.meta_path`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.instrumentation.patching import Patches, Target, by_wrapt

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "an_sdk_of_this_test"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A method that doubles its result if it is patched, of a module that is not imported yet."""
    (tmp_path / f"{MODULE}.py").write_text("class Runs:\n    def create(self): return 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setitem(sys.modules, MODULE, sys)  # so that the end of the test removes what it imports
    del sys.modules[MODULE]
    return Target(MODULE, "Runs", "create", by_wrapt(lambda original, args, kwargs: 2 * original(*args)))


def result() -> Any:
    return importlib.import_module(MODULE).Runs().create()


def test_a_module_that_was_removed_is_patched_again(target: Target) -> None:
    patches = Patches()
    for _ in range(3):
        patches.install([target])
        assert (result(), patches.patched) == (2, (target.path,))
        patches.remove()
        assert result() == 1
        del sys.modules[MODULE]


def test_a_module_is_patched_though_the_finders_were_removed(target: Target) -> None:
    patches = Patches()
    patches.install([target])
    sys.meta_path[:] = [finder for finder in sys.meta_path if "wrapt" not in type(finder).__module__]
    patches.remove()
    patches.install([target])
    assert (result(), patches.patched) == (2, (target.path,))
