"""Which files are trusted: those that only the current user and root can have written or replaced."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if sys.platform == "win32":
    pytest.skip("files have no owners and modes there", allow_module_level=True)

import grp
import pwd

from threadtrail.config.trust import distrust

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.config.trust import Distrust

OTHER, GROUP = 12_345, 54_321
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "projects" / "app"
    folder.mkdir(parents=True)
    path = folder / "threadtrail.toml"
    path.write_text("queue_size = 1\n")
    return path


def found(path: Path) -> Distrust | None:
    with path.open("rb") as opened:
        return distrust(path, os.fstat(opened.fileno()))


def because(path: Path) -> str:
    reason = found(path)
    assert reason is not None
    assert reason.file == path
    return reason.because


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o444, 0o755])
def test_what_only_the_owner_can_write_is_trusted(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert found(file) is None


@pytest.mark.parametrize("mode", [0o666, 0o602, 0o777])
def test_what_everybody_can_write_is_not(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert because(file) == f"every user can write it (mode {mode:04o})"


@pytest.mark.parametrize("depth", [0, 1])
def test_a_folder_that_everybody_can_write_at_any_height(file: Path, depth: int) -> None:
    folder = file.parents[depth]
    folder.chmod(0o777)
    assert because(file) == f"every user can write its folder {folder} (mode 0777)"


def test_in_a_sticky_folder_ones_own_file_is_trusted(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert found(file) is None


@AS_ROOT
def test_in_a_sticky_folder_the_file_of_another_is_not(file: Path) -> None:
    file.parent.chmod(0o1777)
    os.chown(file, OTHER, OTHER)
    assert because(file).startswith(f"it belongs to {OTHER}, and this process runs as ")


@AS_ROOT
@pytest.mark.parametrize("depth", [0, 1])
def test_a_folder_of_another(file: Path, depth: int) -> None:
    folder = file.parents[depth]
    os.chown(folder, OTHER, -1)
    assert because(file).startswith(f"its folder {folder} belongs to {OTHER}, and this process runs as ")


@AS_ROOT
def test_what_belongs_to_root_is_trusted_by_others(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    assert found(file) is None
    os.chown(file, OTHER, OTHER)
    assert found(file) is None
    os.chown(file, OTHER + 1, OTHER)
    assert found(file) is not None


# --- groups --------------------------------------------------------------------------------------


@AS_ROOT
@pytest.mark.parametrize("name", ["ada"])
@pytest.mark.parametrize(
    ("primary", "group", "members", "trusted"),
    [
        (GROUP, "ada", [], True),
        (GROUP, "ada", ["ada"], True),
        (GROUP, "ada", ["ben"], False),  # somebody else is in it
        (GROUP, "users", [], False),  # the primary group of many: nobody is listed as a member
        (GROUP + 1, "ada", [], False),  # not the primary one
        (GROUP + 1, "developers", ["ada"], False),
    ],
)
class TestAGroupMustBeTheOwnersOwn:
    @pytest.fixture(autouse=True)
    def known(
        self, monkeypatch: pytest.MonkeyPatch, name: str, primary: int, group: str, members: list[str]
    ) -> None:
        """Let the current user have this name and this primary group, and the test's group these members."""
        user = pwd.struct_passwd((name, "x", os.geteuid(), primary, "", "/nowhere", "/bin/sh"))
        monkeypatch.setattr(pwd, "getpwuid", {os.geteuid(): user}.__getitem__)
        entry = grp.struct_group((group, "x", GROUP, members))
        monkeypatch.setattr(grp, "getgrgid", {GROUP: entry}.__getitem__)

    def test_of_a_file(self, file: Path, group: str, trusted: bool) -> None:
        os.chown(file, -1, GROUP)
        file.chmod(0o664)
        assert (found(file) is None) is trusted
        if not trusted:
            assert because(file) == f"the group {group} can write it (mode 0664)"
        file.chmod(0o644)
        assert found(file) is None

    def test_of_its_folder(self, file: Path, trusted: bool) -> None:
        os.chown(file.parent, -1, GROUP)
        file.parent.chmod(0o2775)
        assert (found(file) is None) is trusted


@AS_ROOT
@pytest.mark.parametrize(("group", "trusted"), [(OTHER, True), (OTHER + 1, False), (0, False)])
def test_a_user_without_a_name_has_the_group_of_the_same_number(
    file: Path, monkeypatch: pytest.MonkeyPatch, group: int, trusted: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    os.chown(file, OTHER, group)
    file.chmod(0o664)
    assert (found(file) is None) is trusted


# --- links ---------------------------------------------------------------------------------------


def test_a_link_is_as_good_as_what_it_leads_to(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    link = other / "threadtrail.toml"
    link.symlink_to(file)
    assert found(link) is None
    file.parent.chmod(0o777)
    assert because(link) == f"every user can write its folder {file.parent} (mode 0777)"
    file.parent.chmod(0o755)
    other.chmod(0o777)
    assert because(link) == f"every user can write its folder {other} (mode 0777)"


def test_each_of_several_links_counts(file: Path, tmp_path: Path) -> None:
    middle = tmp_path / "middle"
    middle.mkdir()
    (middle / "threadtrail.toml").symlink_to(file)
    link = tmp_path / "threadtrail.toml"
    link.symlink_to("middle/threadtrail.toml")
    assert found(link) is None
    middle.chmod(0o777)
    assert because(link) == f"every user can write its folder {middle} (mode 0777)"


def test_a_linked_folder_counts_with_those_around_it(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(file.parent)
    linked = tmp_path / "link" / "threadtrail.toml"
    assert found(linked) is None
    file.parent.parent.chmod(0o777)
    assert because(linked) == f"every user can write its folder {file.parent.parent} (mode 0777)"


@AS_ROOT
def test_a_link_that_another_has_put_there(file: Path, tmp_path: Path) -> None:
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    link = sticky / "threadtrail.toml"
    link.symlink_to(file)
    os.chown(link, OTHER, OTHER, follow_symlinks=False)
    assert because(link).startswith(f"the link {link} belongs to {OTHER}")


# --- the way out ---------------------------------------------------------------------------------


@AS_ROOT
@pytest.mark.parametrize("what", ["mode", "group", "owner", "folder", "folder's owner", "link's owner"])
def test_the_command_in_the_message_makes_the_file_trusted(file: Path, what: str, tmp_path: Path) -> None:
    path = file
    match what:
        case "mode":
            file.chmod(0o666)
        case "group":
            os.chown(file, -1, GROUP)
            file.chmod(0o664)
        case "owner":
            os.chown(file, OTHER, OTHER)
        case "folder":
            file.parent.chmod(0o777)
        case "folder's owner":
            os.chown(file.parent, OTHER, -1)
        case "link's owner":
            path = tmp_path / "a link"
            path.symlink_to(file)
            os.chown(path, OTHER, OTHER, follow_symlinks=False)
    reason = found(path)
    assert reason is not None
    subprocess.run(shlex.split(reason.remedy), check=True)
    assert found(path) is None


def test_where_files_have_no_owners_every_file_is_trusted(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.chmod(0o666)
    monkeypatch.delattr(os, "geteuid")
    assert found(file) is None
