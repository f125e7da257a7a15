"""The check of the built site (`make docs`): it loads nothing from elsewhere, its links lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import check_site
import pytest

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
<link rel="stylesheet" href="style.css"><link rel="canonical" href="https://example.org/">
<h1 id="top">Top</h1><a href="#top">up</a><a href="sub/">down</a><a href="sub/#there">there</a>
<a href="https://example.org/x">elsewhere</a><img src="data:image/png;base64,AA==">
<a href="mailto:a@b">mail</a>
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(GOOD)
    (tmp_path / "sub" / "index.html").write_text('<p id="there"><a href="..">back</a></p>')
    (tmp_path / "style.css").write_text("body { background: url(data:image/png;base64,AA==) }")
    return tmp_path


def test_a_good_site_passes(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_site.main([str(site)]) == 0
    assert "2 pages" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "index.html loads https://cdn.example/x.js"),
        ('<link rel="preconnect" href="//fonts.example">', "index.html loads //fonts.example"),
        ('<img srcset="http://a.example/b.png 2x">', "index.html loads http://a.example/b.png"),
        ("<style>@import 'https://a.example/b.css';</style>", "index.html loads https://a.example/b.css"),
        ('<p style="background: url(//a.example/b.png)">', "index.html loads //a.example/b.png"),
        ('<a href="nowhere/">x</a>', "index.html: nowhere/ leads nowhere"),
        ('<a href="sub/#nowhere">x</a>', "index.html: sub/#nowhere leads nowhere"),
        ('<a href="../index.html">x</a>', "index.html: ../index.html leads nowhere"),
        ('<img src="gone.svg">', "index.html: gone.svg leads nowhere"),
    ],
)
def test_what_is_wrong_is_reported(site: Path, more: str, problem: str) -> None:
    (site / "index.html").write_text(GOOD + more)
    assert check_site.problems(site) == [problem]
    assert check_site.main([str(site)]) == 1


def test_a_style_sheet_that_loads_from_elsewhere_is_reported(site: Path) -> None:
    (site / "style.css").write_text("@font-face { src: url('https://fonts.example/a.woff2') }")
    assert check_site.problems(site) == ["style.css loads https://fonts.example/a.woff2"]


def test_no_site_is_no_success(tmp_path: Path) -> None:
    assert check_site.main([str(tmp_path)]) == 1
