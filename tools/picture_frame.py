"""What the pictures have in common: an SVG that needs nothing from elsewhere, in light and in dark.

Through ``<img>``, too, it follows the reader's setting. Quiet greys, and one colour for each part of a run.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

WIDTH, PAD, STRIP = 832, 14, 44
"""A page of GitHub is about as wide; the strip with the code is the head of each picture."""

SANS = '-apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif'
MONO = 'ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace'

SHAPES = f"""\
svg {{ font-family: {SANS}; }}
path {{ fill: none; }}
.code {{ font: 12px {MONO}; }}
.terminal {{ font: 20px {MONO}; }}
.head {{ font-size: 15px; font-weight: 600; }}
.small {{ font-size: 10.5px; }}
.tiny {{ font-size: 9px; }}
.count {{ font-size: 11px; font-weight: 600; }}
.sum {{ font-size: 15px; font-weight: 600; }}
.end {{ text-anchor: end; }}
.middle {{ text-anchor: middle; }}
.pill {{ fill-opacity: .12; }}
"""

COLOURS = [
    (".card", "fill", "#ffffff", "#0d1117"),
    (".card, .guide", "stroke", "#d1d9e0", "#3d444d"),
    (".tick", "stroke", "#d8dee4", "#30363d"),
    (".fg", "fill", "#1f2328", "#e6edf3"),
    (".soft", "fill", "#3d444d", "#c5ced8"),
    (".muted, .trace, .status", "fill", "#59636e", "#9198a1"),
    (".trace.bar", "fill", "#afb8c1", "#656c76"),
    (".agent", "fill", "#8250df", "#b392f0"),
    (".generation", "fill", "#0969da", "#58a6ff"),
    (".tool", "fill", "#bc4c00", "#f0883e"),
]
"""Whose, what, and its colour in light and in dark."""


def frame(
    *, title: str, description: str, height: int, content: str, rules: tuple[str, str] = ("", "")
) -> str:
    """Return a whole picture.

    Args:
        title: what it shows, for those who do not see it.
        description: all that stands in it.
        height: in pixels, at the picture's own width.
        content: the drawing, as markup.
        rules: further rules of style, for light and for dark pages.
    """
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description">
<title id="title">{escape(title)}</title>
<desc id="description">{escape(description)}</desc>
<style>
{SHAPES}{_rules(2)}{rules[0]}
@media (prefers-color-scheme: dark) {{
{_rules(3)}{rules[1]}
}}
</style>
{content}
</svg>
"""


def card(width: int, height: int) -> str:
    """A sheet to draw on, from the origin; opaque, since nobody knows what page it will lie on."""
    return f'<rect class="card" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>'


def code_line(exporters: str, note: str) -> str:
    """The head of a picture: the line that one writes, and a note."""
    call = f'threadtrail.<tspan class="agent">instrument</tspan>({escape(exporters)})'
    return text(PAD, 27, "code fg", call) + text(WIDTH - PAD, 27, "small muted end", escape(note))


def text(x: float, y: float, look: str, content: str) -> str:
    """A line of text; ``content`` is markup."""
    return f'<text class="{look}" x="{x:g}" y="{y:g}">{content}</text>'


def _rules(column: int) -> str:
    return "".join(f"{colour[0]} {{ {colour[1]}: {colour[column]}; }}\n" for colour in COLOURS)
