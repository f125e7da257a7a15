"""The pages of the documentation, and the code blocks in them, to be run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from threadtrail.config import registry
from threadtrail.config.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
SITE = sorted(DOCS.rglob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *SITE, *sorted(ROOT.glob("plugins/*/README.md"))]

# By whom the code of a page is run, where it takes more than an empty folder and a server. Each of these
# names its page, which a test makes sure of.
TESTED_ELSEWHERE = {
    DOCS / "configuration.md": "tests/config/test_settings.py",
    DOCS / "testing-your-app.md": "tests/testing/test_server_guide.py",
    **{
        DOCS / "guides" / f"{name}.md": f"tests/servers/test_{tests}.py"
        for name, tests in (
            ("celery", "celery"),
            ("fastapi", "uvicorn"),
            ("fastapi-celery", "propagation"),
            ("gunicorn", "gunicorn"),
            ("jupyter", "interactive"),
            ("lambda", "interactive"),
            ("rq", "rq"),
            ("streamlit", "interactive"),
            ("two-services", "two_services"),
        )
    },
    DOCS / "plugins" / "testing-an-exporter.md": "tests/testing/test_conformance_guide.py",
    DOCS / "plugins" / "writing-an-exporter.md": "tests/docs_tutorial/test_tutorial.py",
    ROOT / "plugins" / "threadtrail-example" / "README.md": "tests/docs_tutorial/test_tutorial.py",
    **{
        page: f"plugins/threadtrail-{name}/tests/test_documentation.py"
        for name in ("agentops", "langfuse", "opentelemetry", "redis")
        for page in (
            DOCS / "exporters" / f"{name}.md",
            ROOT / "plugins" / f"threadtrail-{name}" / "README.md",
        )
    },
}


def name_of(page: object) -> str:
    """The page's path in the project, as a test's id."""
    return str(page.relative_to(ROOT)) if isinstance(page, Path) else ""


def blocks(page: Path, language: str) -> list[str]:
    """The text of each block of this language, in the page's order."""
    fence = rf"^```{language}\n(.*?)^```$"
    return re.findall(fence, page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def accept_file(text: str, folder: Path) -> None:
    """Load the text as ``threadtrail.toml``; it must be valid, and must set something."""
    (folder / "threadtrail.toml").write_text(text)
    settings = load_settings()
    assert settings != Settings()
    registry.load(settings)


def run_programs(page: Path) -> dict[str, Any]:
    """Run the page's programs one after the other, as one program; return its names."""
    namespace: dict[str, Any] = {}
    for number, program in enumerate(blocks(page, "python"), 1):
        exec(compile(program, f"{page.name}, block {number}", "exec"), namespace)  # noqa: S102 - our own pages
    return namespace
