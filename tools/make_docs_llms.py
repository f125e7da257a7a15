"""Makes `docs/llms.txt`, the list of pages for language models, in the format of https://llmstxt.org."""

from __future__ import annotations

import re
from pathlib import Path

from set_address import address

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ENTRY = re.compile(r"^( +)- (?:(.*): ?)?(\S+\.md)?$", re.MULTILINE)
SECTION_INDENT = 2
TITLE = re.compile(r"^# .*\n+")
CODE_FIRST = re.compile(r"```|`\S+`:\n")
NO_PROSE = re.compile(r"^```.*?^```$|^#+ [^\n]*$|^Accepted, [\d-]+\.$|<!--.*?-->", re.MULTILINE | re.DOTALL)
PROSE = re.compile(r"\s*[\w`\[*]")
MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|\*\*(.*?)\*\*")


def text() -> str:
    """Return the file: what this is, then each page of the site with its first sentence, as Markdown."""
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    (description,) = re.findall(r"^site_description: (.*)$", config, re.MULTILINE)
    lines = ["# threadtrail", "", f"> {description}", "", "## Pages", ""]
    nav = config.partition("\nnav:\n")[2].partition("\n\n")[0]
    for indent, title, page in ENTRY.findall(nav):
        if page:
            lines.append(f"- [{title or 'Overview'}]({address()}/raw/main/docs/{page}){note(page)}")
        elif len(indent) == SECTION_INDENT:
            lines += ["", f"## {title}", ""]
    return "\n".join([*lines, ""])


def note(page: str) -> str:
    """Return the first sentence of a page as plain text on one line; empty if the page begins with code."""
    source = TITLE.sub("", (DOCS / page).read_text("utf-8"))
    if CODE_FIRST.match(source):
        return ""
    paragraph = next(part for part in NO_PROSE.sub("", source).split("\n\n") if PROSE.match(part))
    line = MARKUP.sub(r"\1\2", " ".join(paragraph.split()))
    return ": " + re.split(r"(?<=[.:]) ", line)[0].rstrip(":.") + "."
