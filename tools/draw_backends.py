"""Draw docs/pictures/one-turn-three-backends.svg: one turn as three backends received it.

    python tools/draw_backends.py       (`make pictures` receives it anew first)

Nothing in the picture is made up: its rows are what `tools/receive_backends.py` kept from real exports.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from backend_panels import Panel, Row, panels
from picture_frame import PAD, STRIP, WIDTH, card, code_line, frame, text

from threadtrail.events import TurnEnded
from threadtrail.exporters.jsonl import read_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.turn import Turn

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tools" / "pictures" / "one-turn.jsonl"
PICTURE = ROOT / "docs" / "pictures" / "one-turn-three-backends.svg"

GAP, DROP = 14, 18
CARD = (WIDTH - 2 * GAP) // 3
TOP = STRIP + DROP
HEAD, ROW, AXIS, FOOT = 40, 45, 20, 38
INDENT, BAR, PILL, INSET = 13, 34, 34, 7
LEFT, RIGHT = PAD + 2 * INDENT, CARD - PAD
"""The left and right end of the time axis on each card."""

SECOND = 1_000_000_000


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(picture(recorded_turn(), panels()), encoding="utf-8")
    print(f"wrote {PICTURE.name}: {PICTURE.stat().st_size:,} bytes")


def recorded_turn() -> Turn:
    """Return the turn that was sent to all backends."""
    (turn,) = [event.turn for event in read_events(RECORDED) if isinstance(event, TurnEnded)]
    return turn


def picture(turn: Turn, drawn: Sequence[Panel]) -> str:
    """Return the picture of the turn in these backends, as SVG."""
    time = Time(drawn)
    height = HEAD + max(len(panel.rows) for panel in drawn) * ROW + AXIS + FOOT
    lines = list(strip(turn, drawn))
    for number, panel in enumerate(drawn):
        place = f"translate({number * (CARD + GAP)} {TOP})"
        lines += [f'<g transform="{place}">', card(CARD, height), *backend(panel, time), "</g>"]
    return frame(
        title="One turn in three backends",
        description=" ".join(map(description, drawn)),
        height=TOP + height,
        content="\n".join(lines),
    )


class Time:
    """The time axis of the turn, the same on all cards: from the first start to the last end."""

    def __init__(self, drawn: Sequence[Panel]) -> None:
        intervals = [row.interval for panel in drawn for row in panel.rows if row.interval]
        self.begin = min(start for start, _ in intervals)
        self.end = max(end for _, end in intervals)

    def x(self, moment: int) -> float:
        """Return the position of a time on a card."""
        return LEFT + (RIGHT - LEFT) * (moment - self.begin) / (self.end - self.begin)

    def ticks(self) -> Iterator[tuple[int, float]]:
        """Yield whole seconds with their positions."""
        for second in range((self.end - self.begin) // SECOND + 1):
            yield second, self.x(self.begin + second * SECOND)


# --- the parts -----------------------------------------------------------------------------------


def strip(turn: Turn, drawn: Sequence[Panel]) -> Iterator[str]:
    """Draw the code that one writes, what ran, and a line to each backend."""
    for number in range(len(drawn)):
        yield f'<path class="guide" d="M{number * (CARD + GAP) + CARD // 2 + 0.5} {STRIP}V{TOP}"/>'
    yield card(WIDTH, STRIP)
    names = ", ".join(f'"{panel.backend.lower()}"' for panel in drawn)
    facts = [
        f"{((turn.ended_at or 0) - (turn.started_at or 0)) / SECOND:.1f} s",
        f"{len(turn.run_ids)} responses",
        f"{len(turn.tool_calls)} tool calls",
        f"{turn.usage.total_tokens if turn.usage else 0} tokens",
    ]
    yield code_line(f"exporters=[{names}]", " · ".join(facts))


def backend(panel: Panel, time: Time) -> Iterator[str]:
    """Draw the content of one card."""
    bottom = HEAD + len(panel.rows) * ROW
    foot = bottom + AXIS
    yield text(PAD, 26, "head fg", panel.backend)
    yield text(RIGHT, 26, "small muted end", panel.received)
    yield from axis(panel.rows, time, bottom)
    yield from guides(panel.rows)
    for number, row in enumerate(panel.rows):
        yield from line(row, HEAD + number * ROW, time)
    yield f'<path class="guide" d="M{PAD} {foot + 0.5}H{RIGHT}"/>'
    yield text(PAD, foot + 24, "small muted", panel.counted)
    total = f'tokens <tspan class="sum fg" dx="3">{panel.tokens}</tspan>'
    yield text(RIGHT - INSET, foot + 24, "small muted end", total)


def axis(rows: Sequence[Row], time: Time, bottom: int) -> Iterator[str]:
    """Draw the seconds, with a mark in each row that has a time."""
    timed = [number for number, row in enumerate(rows) if row.interval or row.moments]
    for second, x in time.ticks():
        marks = "".join(f"M{x:.1f} {HEAD + number * ROW + BAR - 2}v8" for number in timed)
        yield f'<path class="tick" d="{marks}"/>'
        yield text(round(x, 1), bottom + 11, "tiny muted middle", f"{second} s")


def line(row: Row, y: int, time: Time) -> Iterator[str]:
    """Draw a row: its name and tokens, a fact, and its time."""
    x = PAD + row.depth * INDENT
    name = "".join(
        f'<tspan class="{row.kind}">{escape(word)}</tspan>' if names_the_kind else escape(word)
        for word, names_the_kind in row.name
    )
    yield text(x, y + 14, "code fg", name)
    field, value = map(escape, row.fact)
    fact = f'{field} <tspan class="soft">{value}</tspan>' if field else f'<tspan class="soft">{value}</tspan>'
    yield text(x, y + 27, "small muted", fact)
    if row.tokens is not None:
        size = f'width="{PILL}" height="16" rx="8"'
        yield f'<rect class="pill {row.kind}" x="{RIGHT - PILL}" y="{y + 2}" {size}/>'
        yield text(RIGHT - INSET, y + 14, f"count {row.kind} end", str(row.tokens))
    if row.interval is not None:
        start, end = map(time.x, row.interval)
        size = f'width="{end - start:.1f}" height="4" rx="2"'
        yield f'<rect class="bar {row.kind}" x="{start:.1f}" y="{y + BAR}" {size}/>'
    for moment in row.moments:
        yield f'<circle class="bar {row.kind}" cx="{time.x(moment):.1f}" cy="{y + BAR + 2}" r="2"/>'


def guides(rows: Sequence[Row]) -> Iterator[str]:
    """Draw the lines of the tree, from each row to its children."""
    for number, row in enumerate(rows):
        ends = [HEAD + other * ROW + 10.5 for other in children(rows, number)]
        if ends:
            x, top = PAD + row.depth * INDENT + 4.5, HEAD + number * ROW + BAR
            branches = "".join(f"M{x} {y}h{INDENT - 7}" for y in ends)
            yield f'<path class="guide" d="M{x} {top}V{ends[-1]}{branches}"/>'


def children(rows: Sequence[Row], number: int) -> Iterator[int]:
    """Return the numbers of a row's children."""
    for other in range(number + 1, len(rows)):
        if rows[other].depth <= rows[number].depth:
            return
        if rows[other].depth == rows[number].depth + 1:
            yield other


def description(panel: Panel) -> str:
    """Return a card in words."""
    rows = [f"{row.title} ({row.tokens} tokens)" if row.tokens else row.title for row in panel.rows]
    return f"{panel.backend} received {panel.received}: {', '.join(rows)}. In all {panel.tokens} tokens."


if __name__ == "__main__":
    main()
