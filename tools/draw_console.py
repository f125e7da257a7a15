"""Draw docs/pictures/console-turn.svg: the recorded turn as the console exporter prints it on a terminal.

    python tools/draw_console.py

The text is the exporter's own, colours included, and set as SVG by rich. Only the frame is drawn here.
"""

from __future__ import annotations

import io
from pathlib import Path

from picture_frame import PAD, STRIP, WIDTH, card, code_line, frame
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from threadtrail.exporters.console import ConsoleExporter
from threadtrail.exporters.jsonl import read_events

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tools" / "pictures" / "one-turn.jsonl"
PICTURE = ROOT / "docs" / "pictures" / "console-turn.svg"

COLUMNS, SCALE = 104, 0.644
"""The columns of the terminal, and the scale at which they are as wide as the picture."""
LINE = 24.4 * SCALE

# Background, text; black, red, green, yellow, blue, magenta, cyan, white.
LIGHT = "#ffffff #1f2328 #1f2328 #cf222e #1a7f37 #9a6700 #0969da #8250df #1b7c83 #59636e"
DARK = "#0d1117 #e6edf3 #484f58 #ff7b72 #3fb950 #d29922 #58a6ff #b392f0 #39c5cf #b1bac4"


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(picture(printed()), encoding="utf-8")
    print(f"wrote {PICTURE.name}: {PICTURE.stat().st_size:,} bytes")


def printed() -> str:
    """Return what the exporter prints of the turn on a terminal with colours."""
    terminal = io.StringIO()
    exporter = ConsoleExporter(stream=terminal, color="always", width=COLUMNS)
    exporter.export(tuple(read_events(RECORDED)))
    exporter.shutdown()
    return terminal.getvalue().rstrip()


def picture(drawn: str) -> str:
    """Return the picture of a terminal with this text on it, as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), legacy_windows=False)
    console.print(Text.from_ansi(drawn))
    plain = console.export_text(clear=False)
    height = round(STRIP + 2 * PAD + len(plain.splitlines()) * LINE)
    terminal = exported(console, LIGHT, "<defs>{lines}</defs>\n{matrix}")
    content = [
        card(WIDTH, height),
        code_line("", "the console, where nothing else is configured"),
        f'<path class="guide" d="M0 {STRIP}.5H{WIDTH}"/>',
        f'<g class="terminal" transform="translate({PAD} {STRIP + PAD - 3}) scale({SCALE})">',
        terminal,
        "</g>",
    ]
    return frame(
        title="One turn on the console: a response, two tool calls, the answer",
        description=" ".join(plain.split()),
        height=height,
        content="\n".join(content),
        rules=(exported(console, LIGHT, "{styles}"), exported(console, DARK, "{styles}")),
    )


def exported(console: Console, colours: str, part: str) -> str:
    """Return a part of rich's SVG of the console; its full template would load fonts from elsewhere."""
    background, foreground, *others = map(_rgb, colours.split())
    theme = TerminalTheme(background, foreground, others)
    return console.export_svg(
        title="", theme=theme, clear=False, code_format=part, font_aspect_ratio=0.6, unique_id="turn"
    )


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


if __name__ == "__main__":
    main()
