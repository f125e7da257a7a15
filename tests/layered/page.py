"""The page of the documentation about other instrumentations."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "other-instrumentations.md"


def code_under(heading: str) -> str:
    """The Python code in the section with this heading."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert section, f"{PAGE.name} has no section {heading}"
    return "\n".join(re.findall(r"^```python$(.*?)^```$", section[1], re.DOTALL | re.MULTILINE))
