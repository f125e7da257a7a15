"""Photograph a run and a turn as a notebook shows them, on a light and on a dark page.

make photographs
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from threadtrail.testing.samples import sample_runs
from threadtrail.turn import turn_of

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "notebook-run.png"
PAGE = (
    "<!doctype html><meta charset=utf-8><style>body{{margin:0;font-family:sans-serif}}"
    ".page{{padding:16px;width:648px;overflow:hidden}}</style>"
    "<div class=page style='background:#fff;color:#222'>{light}</div>"
    "<div class=page style='background:#111;color:#ddd'>{dark}</div>"
)
SIZE = "680,919"


def main() -> None:
    """Take the photograph with the browser of the machine (Debian: `apt install chromium`)."""
    browser = shutil.which("chromium") or sys.exit("needs chromium")
    runs = sample_runs()
    turn = turn_of([runs["answered_calls"], runs["answering_response"]], finished=True)
    run = runs["parallel_function_calls"]
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(PAGE.format(light=run._repr_html_(), dark=turn._repr_html_()), encoding="utf-8")
        # A browser that is run by root, as in a container, has no sandbox.
        options = ["--headless", "--hide-scrollbars", f"--window-size={SIZE}", f"--screenshot={PICTURE}"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
