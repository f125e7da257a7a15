"""The files that commands write pages to: whole or as they were, whatever kind of file they are."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from recorded_turns import written
from threadtrail import cli
from threadtrail.commands.pages import write_page
from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    pytest.skip("modes, links, pipes and limits of POSIX", allow_module_level=True)

import resource

LIMIT = 2_000
"""Of the size of a file, in bytes; pages are larger."""


@pytest.fixture(name="recording")
def _recording(tmp_path: Path) -> Path:
    return written(tmp_path / "runs.jsonl", samples.sample_events())


@pytest.fixture(name="page")
def _page(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    page = tmp_path / "pages" / "page.html"
    page.write_text("the page before", encoding="utf-8")
    page.chmod(0o640)
    return page


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file become larger than the limit; the error is another one, but comes at the same moment."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("command", "option"), [("view", "--output"), ("compare", "--html")])
class TestAPageThatIsThere:
    def test_stays_as_it_was_where_the_disk_is_full(
        self, command: str, option: str, recording: Path, page: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with full_disk():
            assert cli.main([command, str(recording), option, str(page)]) == 2
        reason = os.strerror(errno.EFBIG)
        assert capsys.readouterr().err == f"threadtrail: cannot write {str(page)!r}: {reason}\n"
        assert page.read_text(encoding="utf-8") == "the page before"
        assert list(page.parent.iterdir()) == [page]

    def test_is_replaced_and_keeps_its_mode(
        self, command: str, option: str, recording: Path, page: Path
    ) -> None:
        assert cli.main([command, str(recording), option, str(page)]) == 0
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
        assert stat.S_IMODE(page.stat().st_mode) == 0o640
        assert list(page.parent.iterdir()) == [page]


def test_a_page_without_a_name_leaves_nothing_where_the_disk_is_full(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "private").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    with full_disk():
        assert cli.main(["view", str(recording), "--no-open"]) == 2
    assert f"cannot write a page to '{tmp_path}/private': " in capsys.readouterr().err
    assert not [*(tmp_path / "private").iterdir()]


class TestFilesThatAreNotReplaced:
    def test_a_link_stays_one(self, page: Path) -> None:
        link = page.with_name("link.html")
        link.symlink_to(page)
        write_page(link, "new")
        assert link.is_symlink()
        assert page.read_text(encoding="utf-8") == "new"

    def test_a_file_of_two_names_keeps_both(self, page: Path) -> None:
        other = page.with_name("other.html")
        other.hardlink_to(page)
        write_page(page, "new")
        assert other.read_text(encoding="utf-8") == "new"

    def test_a_pipe_is_written(self, tmp_path: Path) -> None:
        pipe, read = tmp_path / "pipe", list[str]()
        os.mkfifo(pipe)
        reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
        reader.start()
        write_page(pipe, "new")
        reader.join(60)
        assert read == ["new"]
        assert stat.S_ISFIFO(pipe.stat().st_mode)

    @pytest.mark.parametrize(
        ("function", "error"), [("tempfile.mkstemp", errno.EACCES), ("pathlib.Path.replace", errno.EBUSY)]
    )
    def test_nor_where_the_system_does_not_allow_it(
        self, function: str, error: int, page: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """For example in a folder of somebody else's, or a file that is mounted by itself."""

        def refused(*_args: Any, **_options: Any) -> Any:
            raise OSError(error, os.strerror(error))

        monkeypatch.setattr(function, refused)
        before = page.stat().st_ino
        write_page(page, "new")
        assert (page.read_text(encoding="utf-8"), page.stat().st_ino) == ("new", before)
        assert list(page.parent.iterdir()) == [page]
