"""Real installed distributions, made on the fly: a folder with metadata and modules, put on sys.path."""

from __future__ import annotations

import importlib
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

GROUP = "threadtrail.exporters"


class Installer:
    """Installs distributions into one folder, for the time of one test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        monkeypatch.syspath_prepend(folder)
        self._folder = folder

    def __call__(
        self, distribution: str, exporters: dict[str, str], version: str = "1.0", **modules: str
    ) -> None:
        """Install ``distribution`` with entry points ``exporters`` and the source text of ``modules``."""
        info = self._folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"[{GROUP}]", *(f"{name} = {target}" for name, target in exporters.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, text in modules.items():
            (self._folder / f"{module}.py").write_text(textwrap.dedent(text))
        importlib.invalidate_caches()

    def corrupt(self, distribution: str) -> None:
        """Install a distribution whose metadata no tool can read."""
        info = self._folder / f"{distribution}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[console_scripts]\nthis is no entry point\n")
        importlib.invalidate_caches()
