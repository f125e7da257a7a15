"""Makes HTML from untrusted text: everything is escaped, and there is no script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from threadtrail.exporters.console_text import shortened, visible, visible_lines

CONTENT_LENGTH = 1000
"""The maximum number of characters to show of each message, argument and output."""

STYLE = """
.threadtrail{border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:8px 12px;max-width:56em;
box-sizing:border-box;font-size:13px;line-height:1.5}
.threadtrail .tt-rows{display:grid;grid-template-columns:max-content minmax(0,1fr);
gap:2px 12px;margin-top:6px}
.threadtrail .tt-bars{grid-template-columns:max-content minmax(0,1fr) max-content;align-items:center}
.threadtrail .tt-text{white-space:pre-wrap;overflow-wrap:anywhere}
.threadtrail .tt-part{display:flex;gap:8px}
.threadtrail .tt-dim{opacity:.65}
.threadtrail .tt-good{color:#2f9e60}
.threadtrail .tt-bad{color:#d64b43}
.threadtrail .tt-warning{color:#b8811c}
.threadtrail .tt-track{display:flex;height:9px;background:rgba(128,128,128,.15);border-radius:2px}
.threadtrail .tt-track div{min-width:2px;border-radius:2px}
.threadtrail .tt-queued{background:#8f8f8f}
.threadtrail .tt-generating{background:#4a8bd4}
.threadtrail .tt-tools{background:#d39b35}
.threadtrail .tt-person{background:#a06fcf}
.threadtrail table{margin:6px 0 0;border-collapse:collapse;font-size:inherit}
.threadtrail td,.threadtrail th{text-align:left;padding:1px 14px 1px 0}
"""
"""Colours that are readable on a light and on a dark page; everything else is as on the page."""


@dataclass(frozen=True, slots=True)
class Html:
    """HTML that ``element`` made."""

    source: str


Child = Html | str | None


def element(tag: str, *children: Child, name: str = "", style: str = "") -> Html:
    """Return an element; texts in it are escaped. ``name`` is its class, ``style`` its own style."""
    inner = "".join(
        child.source if isinstance(child, Html) else escape(visible_lines(child))
        for child in children
        if child is not None
    )
    attributes = "".join(
        f' {key}="{escape(value)}"' for key, value in (("class", name), ("style", style)) if value
    )
    return Html(f"<{tag}{attributes}>{inner}</{tag}>")


def box(*children: Child) -> str:
    """Return the complete HTML for a notebook, with its style."""
    style = Html(f"<style>{STYLE.replace(chr(10), '')}</style>")
    return element("div", style, *children, name="threadtrail").source


def rows(pairs: list[tuple[str, Child]]) -> Html | None:
    """Return labels with their values beside them; nothing if there are none."""
    cells = [cell for label, value in pairs for cell in (dim(label), element("div", value, name="tt-text"))]
    return element("div", *cells, name="tt-rows") if cells else None


def dim(text: str) -> Html:
    """Return text in a muted colour."""
    return element("div", visible(text), name="tt-dim")


def cut(text: str) -> str:
    """Return the beginning of the text, to be shown."""
    return shortened(text, CONTENT_LENGTH, visible_lines)
