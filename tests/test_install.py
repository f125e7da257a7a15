"""The commands that messages give for a part that is missing work where threadtrail was installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail import _install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Installed = Callable[[dict[str, Any] | str | None], None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Let threadtrail be installed with this note of where it came from."""

    def install(note: dict[str, Any] | str | None) -> None:
        metadata = tmp_path / "packages" / "threadtrail-0.1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: threadtrail\nVersion: 0.1.0\n")
        if note is not None:
            text = note if isinstance(note, str) else json.dumps(note)
            (metadata / "direct_url.json").write_text(text)
        monkeypatch.syspath_prepend(metadata.parent)

    return install


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "the checkout"
    (folder / "plugins").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    return folder


@pytest.mark.parametrize(
    "note",
    [
        None,
        {"url": "https://example.com/threadtrail.whl", "archive_info": {}},
        {"url": "file:///no/such/folder", "dir_info": {}},
        {"url": "file:///no/such/threadtrail.whl", "archive_info": {}},
        {"url": 5},
        "{",
        "[]",
    ],
    ids=str,
)
def test_from_an_index_by_its_name(note: dict[str, Any] | str | None, installed: Installed) -> None:
    installed(note)
    assert _install.extra_command("testing") == "pip install 'threadtrail[testing]'"
    assert _install.plugin_command("langfuse") == "pip install 'threadtrail[langfuse]'"


def test_from_a_checkout_by_its_folders(checkout: Path, installed: Installed) -> None:
    installed({"url": checkout.as_uri(), "dir_info": {}})
    assert _install.extra_command("testing") == f"pip install '{checkout}[testing]'"
    assert _install.plugin_command("langfuse") == f"pip install '{checkout}/plugins/threadtrail-langfuse'"


def test_an_editable_installation_stays_one(checkout: Path, installed: Installed) -> None:
    installed({"url": checkout.as_uri(), "dir_info": {"editable": True}})
    assert _install.extra_command("testing") == f"pip install -e '{checkout}[testing]'"


def test_a_folder_without_exporters_is_that_of_the_core_alone(checkout: Path, installed: Installed) -> None:
    (checkout / "plugins").rmdir()
    installed({"url": checkout.as_uri(), "dir_info": {}})
    assert _install.plugin_command("langfuse") == f"pip install '{checkout}[langfuse]'"
