"""The parts that all pictures share: an SVG that loads nothing, in light and in dark.

It follows the reader's setting even in an ``<img>``. It has greys, and one colour for each part of a run.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

WIDTH, PAD, STRIP = 832, 14, 44
"""The width, which is about that of a page of GitHub; the padding; the height of the strip with the code."""

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
"""The selector, the property, and its colour in light and in dark."""


def frame(
    *, title: str, description: str, height: int, content: str, rules: tuple[str, str] = ("", "")
) -> str:
    """Return a whole picture.

    Args:
        title: what it shows, for those who cannot see it.
        description: all of its text.
        height: in pixels, at the picture's own width.
        content: the drawing, as markup.
        rules: more style rules, for light and for dark pages.
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
    """Return a background to draw on, at the origin; opaque, since the page below may have any colour."""
    return f'<rect class="card" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>'


def code_line(exporters: str, note: str) -> str:
    """Return the head of a picture: the line of code that one writes, and a note."""
    call = f'threadtrail.<tspan class="agent">instrument</tspan>({escape(exporters)})'
    return text(PAD, 27, "code fg", call) + text(WIDTH - PAD, 27, "small muted end", escape(note))


def text(x: float, y: float, look: str, content: str) -> str:
    """Return a line of text; ``content`` is markup."""
    return f'<text class="{look}" x="{x:g}" y="{y:g}">{content}</text>'


def _rules(column: int) -> str:
    return "".join(f"{colour[0]} {{ {colour[1]}: {colour[column]}; }}\n" for colour in COLOURS)
