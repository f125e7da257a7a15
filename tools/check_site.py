"""Check the built documentation: pages load nothing from elsewhere, and every link within it leads somewhere.

    python tools/check_site.py FOLDER

Links to other sites are allowed, since a reader follows them; scripts, styles, fonts and pictures from
elsewhere are not, since the page would fetch them unasked.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

STYLE_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
EVERYWHERE = {"href", "src", "srcset", "data", "poster", "action"}


class Page(HTMLParser):
    """What a page loads, where its links lead, and the anchors in it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self._in_style = False
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses in one element."""
        given = {name: value for name, value in attrs if value}
        self._in_style = tag == "style"
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.loads += style_urls(given.get("style", ""))
        for name in EVERYWHERE & given.keys():
            followed = (tag == "a" and name == "href") or given.get("rel") in {"canonical", "prev", "next"}
            (self.links if followed else self.loads).append(given[name].split()[0])

    def handle_data(self, data: str) -> None:
        """Collect the addresses in a style sheet within the page."""
        if self._in_style:
            self.loads += style_urls(data)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a style sheet."""
        self._in_style = self._in_style and tag != "style"


def style_urls(text: str) -> list[str]:
    """Return the addresses that a style sheet loads."""
    return [first or second for first, second in STYLE_URL.findall(text)]


def main(arguments: list[str]) -> int:
    """Check the folder; return the exit code."""
    site = Path(arguments[0]).resolve()
    found = problems(site)
    for problem in found:
        print(problem)
    pages = len(list(site.rglob("*.html")))
    if not found:
        print(f"{arguments[0]}/index.html: {pages} pages, nothing loaded from elsewhere, no broken links")
    return 1 if found or not pages else 0


def problems(site: Path) -> list[str]:
    """Return what is wrong with a built site, one line each."""
    pages = {file: Page(file) for file in sorted(site.rglob("*.html"))}
    found = []
    for file, page in pages.items():
        name = file.relative_to(site)
        found += [f"{name} loads {url}" for url in page.loads if is_elsewhere(url)]
        within = [url for url in (*page.loads, *page.links) if not is_elsewhere(url)]
        found += [f"{name}: {url} leads nowhere" for url in within if not leads(site, file, url, pages)]
    for sheet in sorted(site.rglob("*.css")):
        urls = style_urls(sheet.read_text(encoding="utf-8"))
        found += [f"{sheet.relative_to(site)} loads {url}" for url in urls if is_elsewhere(url)]
    return found


def is_elsewhere(url: str) -> bool:
    """Return whether an address is on another server; data and mail addresses are not."""
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme not in {"", "data", "mailto"}


def leads(site: Path, file: Path, url: str, pages: dict[Path, Page]) -> bool:
    """Return whether an address within the site leads to a file, and to an anchor in it."""
    parts = urlsplit(url)
    if parts.scheme:
        return True
    path = unquote(parts.path)
    target = site / path.lstrip("/") if path.startswith("/") else file.parent / path
    target = (target if path else file).resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_file() or not target.is_relative_to(site):
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target not in pages or anchor in pages[target].anchors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
