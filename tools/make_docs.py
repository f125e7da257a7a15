"""Write the parts of the documentation that are generated from the code.

    python tools/make_docs.py            write them
    python tools/make_docs.py --check    write nothing; fail if something would be written differently

Three files are written as a whole: `docs/events.md`, `docs/schema/events.schema.json` and `docs/llms.txt`. In
the others, only the part between two marks is; the rest of the page is written by hand.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import make_docs_events
import make_docs_exporters
import make_docs_functions
import make_docs_hooks
import make_docs_llms
import make_docs_settings

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MARKED = re.compile(r"(<!-- written by tools/make_docs\.py -->\n\n).*?(<!-- until here -->)", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Write or check the files; return the exit code."""
    wanted = {file: text() for file, text in pages().items()}
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text("utf-8") != text]
    if "--check" in arguments:
        for file in stale:
            print(f"{file.relative_to(ROOT)} is stale; run: make docs-data")
        return 1 if stale else 0
    for file in stale:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted[file], "utf-8")
        print(f"wrote {file.relative_to(ROOT)}")
    return 0


def pages() -> dict[Path, Callable[[], str]]:
    """Return what makes the wanted text of each file."""
    tables: dict[Path, Callable[[], str]] = {
        DOCS / "configuration.md": make_docs_settings.table,
        DOCS / "functions.md": make_docs_functions.reference,
        DOCS / "plugins" / "hooks.md": make_docs_hooks.reference,
        **{
            DOCS / "exporters" / f"{name}.md": partial(make_docs_exporters.table, name)
            for name in make_docs_exporters.names()
        },
    }
    return {
        DOCS / "events.md": make_docs_events.page,
        DOCS / "schema" / "events.schema.json": make_docs_events.schema,
        DOCS / "llms.txt": make_docs_llms.text,
        **{file: partial(_with_table, file, table) for file, table in tables.items()},
    }


def _with_table(file: Path, table: Callable[[], str]) -> str:
    return filled(file, table())


def filled(file: Path, text: str) -> str:
    """Return the page with `text` between its marks.

    Raises:
        ValueError: the page has no marks, or several.
    """
    page, count = MARKED.subn(
        lambda marks: f"{marks[1]}{text}\n\n{marks[2]}", file.read_text(encoding="utf-8")
    )
    if count != 1:
        raise ValueError(f"{file.relative_to(ROOT)} has {count} places to write to, and must have one")
    return page


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
