"""Links lead somewhere, in the repository and on the site, and every page can be reached."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from doc_blocks import DOCS, PAGES, ROOT, SITE, name_of, prose

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = ("https://", "http://")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def astray(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere; those of the site's pages must stay within it."""
    found = []
    for link in LINK.findall(text):
        if link.startswith(ELSEWHERE):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        outside = page.is_relative_to(DOCS) and not file.is_relative_to(DOCS)
        if not file.exists() or outside or (anchor and anchor not in anchors(file)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert astray(page, prose(page)) == []


@pytest.mark.parametrize("link", ["nowhere.md", "events.md#nowhere", "../README.md", "#nowhere"])
def test_links_that_do_not_are_noticed(link: str) -> None:
    assert astray(DOCS / "quickstart.md", f"See [this]({link}), [that](events.md#the-events).") == [link]


def navigation(text: str) -> list[str]:
    """The pages of the site's menu, in its order."""
    nav = text.partition("\nnav:\n")[2].partition("\n\n")[0]
    return re.findall(r"^ +- (?:.*: )?(\S+\.md)$", nav, re.MULTILINE)


def test_every_page_is_in_the_menu_once() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = sorted(str(page.relative_to(DOCS)) for page in SITE)
    assert sorted(navigation(text)) == pages
    assert sorted(navigation(text.replace("      - Events: events.md\n", ""))) == sorted(
        {*pages} - {"events.md"}
    )


def test_decisions_are_listed_in_their_order() -> None:
    index = DOCS / "decisions" / "index.md"
    listed = [
        link for link in LINK.findall(index.read_text(encoding="utf-8")) if not link.startswith(ELSEWHERE)
    ]
    assert listed == sorted(page.name for page in index.parent.glob("0*.md"))
    for number, name in enumerate(listed, 1):
        text = (index.parent / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        title = text.partition("\n")[0].removeprefix("# ")
        assert f"[{title}]({name})" in index.read_text(encoding="utf-8")


def test_the_site_links_to_the_repository_that_the_package_names() -> None:
    settings: dict[str, Any] = dict(
        re.findall(r"^(repo_url|site_url|edit_uri): (.*)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert settings == {"repo_url": project["urls"]["Repository"]}
