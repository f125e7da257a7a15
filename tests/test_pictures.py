"""The pictures of the documentation show real recordings, and load nothing.

That backends still receive what is drawn is checked where the backends are: in the exporters' suites.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import backend_panels
import draw_backends
import draw_console
import pytest
import record_turn

from threadtrail.events import TurnEnded
from threadtrail.exporters.jsonl import read_events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from backend_panels import Kind, Panel

    from threadtrail.events import Event

SVG = "{http://www.w3.org/2000/svg}"
MICROSECOND = 1_000
ROOT_FIRST = 3 * MICROSECOND
"""AgentOps takes what starts first for the root, so its session and agents start that much earlier."""

BACKENDS = backend_panels.panels()
PICTURES = {
    draw_backends.PICTURE: lambda: draw_backends.picture(draw_backends.recorded_turn(), BACKENDS),
    draw_console.PICTURE: lambda: draw_console.picture(draw_console.printed()),
}
each_picture = pytest.mark.parametrize("file", PICTURES, ids=lambda file: file.stem)
each_backend = pytest.mark.parametrize("panel", BACKENDS, ids=lambda panel: panel.backend)


@pytest.mark.parametrize(("file", "draw"), PICTURES.items(), ids=[file.stem for file in PICTURES])
def test_pictures_are_fresh(file: Path, draw: Callable[[], str]) -> None:
    assert file.read_text(encoding="utf-8") == draw(), "run: make pictures"


# --- what is drawn -------------------------------------------------------------------------------


def test_the_turn_is_what_the_program_does(strict: None) -> None:
    recorded = list(read_events(record_turn.TURN))
    assert [untimed(event) for event in record_turn.record()] == [untimed(event) for event in recorded]


def untimed(event: Event) -> str:
    """The event without what differs from one time to the next."""
    text = re.sub(r'\b\d{19}\b|"server_port":\d+', "0", event.to_json())
    return re.sub(r'"time_spent":{[^}]*}', "", text)


@each_backend
def test_each_backend_has_the_whole_turn_and_its_tokens_once(panel: Panel) -> None:
    turn = draw_backends.recorded_turn()
    kinds = [row.kind for row in panel.rows]
    assert kinds == ["trace", "agent", "generation", "tool", "tool", "generation", "status"]
    assert turn.usage is not None
    assert panel.tokens == turn.usage.total_tokens == 538


def test_all_backends_have_the_same_trace_and_times() -> None:
    assert len(frozenset.union(*(panel.trace_ids for panel in BACKENDS))) == 1
    kinds: list[Kind] = ["agent", "generation", "tool"]
    for kind in kinds:
        for one, other in pairwise(times(panel, kind) for panel in BACKENDS):
            assert one == pytest.approx(other, rel=0, abs=ROOT_FIRST)


def times(panel: Panel, kind: Kind) -> list[int]:
    return [time for row in panel.rows if row.kind == kind and row.interval for time in row.interval]


@each_backend
def test_what_a_backend_shows_is_in_the_picture(panel: Panel) -> None:
    texts = ["".join(text.itertext()) for text in drawn(draw_backends.PICTURE).iter(f"{SVG}text")]
    for row in panel.rows:
        assert row.title in texts
        assert " ".join(filter(None, row.fact)) in texts
    assert f"tokens {panel.tokens}" in texts
    assert panel.received in texts


def test_other_times_are_another_picture() -> None:
    first, *others = BACKENDS
    *rows, turn, status = first.rows
    assert turn.interval is not None
    start, end = turn.interval
    shorter = replace(turn, interval=(start, end - 100_000_000))
    changed = draw_backends.picture(
        draw_backends.recorded_turn(), [replace(first, rows=(*rows, shorter, status)), *others]
    )
    assert changed != draw_backends.PICTURE.read_text(encoding="utf-8")


# --- how it is drawn -----------------------------------------------------------------------------


def drawn(file: Path) -> ET.Element:
    return ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own file


@each_picture
def test_a_picture_loads_nothing_and_runs_nothing(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r"https?:[^\"\s]*", text)) == {"http://www.w3.org/2000/svg"}
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text))
    tags = {element.tag.removeprefix(SVG) for element in drawn(file).iter()}
    assert not tags & {"script", "image", "use", "a", "foreignObject"}
    assert "@import" not in text
    assert len(text.encode()) < 40_000


@each_picture
def test_a_picture_is_described_to_those_who_cannot_see_it(file: Path) -> None:
    root = drawn(file)
    named = {element.get("id"): "".join(element.itertext()) for element in root if element.get("id")}
    assert root.get("role") == "img"
    for identifier in str(root.get("aria-labelledby")).split():
        assert named[identifier]
    assert "538" in named["description"]


@each_picture
def test_a_picture_has_its_colours_in_light_and_in_dark(file: Path) -> None:
    style = "".join(drawn(file).find(f"{SVG}style").itertext())  # type: ignore[union-attr]  # there is one
    light, dark = style.split("@media (prefers-color-scheme: dark) {")
    coloured = re.compile(r"^(.+?) { ((?:fill|stroke): )#\w{6}", re.MULTILINE)
    assert coloured.findall(light) == coloured.findall(dark)
    assert len(coloured.findall(dark)) >= 10
    used = {name for element in drawn(file).iter() for name in (element.get("class") or "").split()}
    assert used <= set(re.findall(r"\.([\w-]+)", light)) | {"bar"}


# --- photographs of real backends ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["phoenix", "mlflow"])
def test_a_photograph_is_on_the_page_with_a_description(name: str) -> None:
    picture = (draw_backends.PICTURE.parent / f"{name}-turn.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) < 150_000
    page = (draw_backends.ROOT / "docs" / "guides" / "otlp-backends.md").read_text(encoding="utf-8")
    (told,) = re.findall(rf"!\[([^\]]*)\]\(\.\./pictures/{name}-turn\.png\)", page)
    (turn,) = [event.turn for event in read_events(record_turn.TURN) if isinstance(event, TurnEnded)]
    assert turn.usage is not None
    assert f"{turn.usage.total_tokens} tokens" in told
