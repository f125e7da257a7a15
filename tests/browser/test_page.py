from __future__ import annotations

import os
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from durations import DURATIONS
from many_runs import lines_of_many
from threadtrail import cli
from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opened_pages import Opened

    Visit = Callable[..., Opened]

pytestmark = pytest.mark.slow

RUNS = samples.sample_runs()
ALONE = [name for name in RUNS if name not in {"answered_calls", "answering_response"}]
EVENTS = [
    *(event for name in ALONE for event in samples.events_of(RUNS[name])),
    *samples.events_of_turn(RUNS["answered_calls"], RUNS["answering_response"]),
]
TURN = "#turn:resp_answered_calls"
MAX_MS = 60_000  # on a machine that is busy with other things; alone, it has to be 2,000
DARK, BRIGHT = 150, 600  # of 765: the sum of red, green and blue
FILTER = """() => {
  const start = performance.now();
  document.getElementById("failed").click();
  return performance.now() - start;
}"""
UNNAMED = """[...document.querySelectorAll("button, select, input")].filter(
  (element) => element.checkVisibility() && !(element.ariaLabel || element.textContent.trim()),
).length"""
TOO_WIDE = """[...document.querySelectorAll("#detail, #scroller")].filter(
  (element) => element.scrollWidth > element.clientWidth,
).length"""


@pytest.fixture(scope="module")
def samples_page(page_of: Callable[..., str]) -> str:
    return page_of(EVENTS)


def detail(opened: Opened) -> Any:
    return opened.page.locator("#detail")


def test_the_list_shows_all_and_filters(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page)
    page = opened.page
    assert opened.total("runs") == str(len(RUNS))
    assert opened.requests == [samples_page]
    page.get_by_role("button", name="Failed only", exact=True).click()
    assert opened.total("runs") == f"3 of {len(RUNS)}"
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("searchbox").fill("source:responses weather")
    page.locator("#totals", has_text=f"3 of {len(RUNS)}").wait_for()
    assert {text.strip() for text in page.locator("#rows .question").all_inner_texts()} == {
        "How is the weather in Paris?",
        "How is the weather in Oslo?",
    }
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Status", exact=True).select_option("incomplete")
    page.locator("#totals", has_text=f"2 of {len(RUNS)}").wait_for()  # the query is read a moment later
    page.get_by_role("button", name="Duration", exact=True).click()
    assert page.locator("[aria-sort=descending]").inner_text() == "Duration"
    assert page.locator("#rows .took").all_inner_texts() == ["1.5s", "1.1s"]


def test_a_part_of_the_time_is_chosen(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page)
    page = opened.page
    strip = page.get_by_role("group", name="When the runs began")
    strip.focus()
    opened.press("ArrowRight", "ArrowLeft", "Enter")
    first = int(opened.total("runs").split(" of ")[0])
    assert 0 < first < len(RUNS)
    assert " turns" in page.locator("#moment").inner_text()
    opened.press("Enter")
    assert opened.total("runs") == str(len(RUNS))
    box = strip.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 20, steps=3)
    page.mouse.up()
    assert " of " in opened.total("runs")
    page.get_by_role("button", name="Clear", exact=True).click()
    assert opened.total("runs") == str(len(RUNS))


def test_all_content_is_searched_when_asked(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page)
    page = opened.page
    page.get_by_role("searchbox").fill("ask again")
    page.get_by_text("Nothing matches").wait_for()
    opened.press("Enter")
    page.locator("#rows .question", has_text="How is the weather in Paris?").wait_for()
    assert (
        page.get_by_role("button", name="In all content", exact=True).get_attribute("aria-pressed") == "true"
    )
    page.get_by_role("searchbox").fill("nobody said this")
    page.get_by_role("button", name="In all content", exact=True).click()
    page.get_by_text("Nothing matches.", exact=True).wait_for()


def test_a_turn_has_a_waterfall_and_its_conversation_each_call_once(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page + TURN)
    page = opened.page
    lanes = page.locator("button.lane")
    assert [lane.split("\n")[0] for lane in lanes.all_inner_texts()][1:4] == [
        "get_weather",
        "take_note",
        "send_mail",
    ]
    starts = [box["x"] for box in (lanes.nth(at).locator(".segment").bounding_box() for at in (0, 1, 4))]
    assert starts == sorted(starts)
    lanes.nth(1).hover()
    assert "1.4s" in page.get_by_role("tooltip").inner_text()
    lanes.nth(1).click()
    page.locator(".flash", has_text="get_weather").wait_for()
    assert page.locator(".said.call", has_text="22 °C, sunny").count() == 1
    assert detail(opened).get_by_text("22 °C, sunny").count() == 1
    page.get_by_role("link", name="run 2", exact=True).click()
    page.locator("#detail .id", has_text="resp_answering_response").wait_for()
    page.go_back()
    page.locator("#detail .kind", has_text="turn").wait_for()


def test_a_part_of_the_waterfall_is_drawn_larger(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page + TURN)
    page = opened.page
    lanes = page.locator("button.lane")
    assert lanes.count() == 5
    track = lanes.nth(0).locator(".track").bounding_box()
    middle = track["y"] + track["height"] / 2
    page.mouse.move(track["x"] + 0.8 * track["width"], middle)
    page.mouse.down()
    page.mouse.move(track["x"] + 0.98 * track["width"], middle, steps=4)
    page.mouse.up()
    assert [lane.split("\n")[0] for lane in lanes.all_inner_texts()] == ["gpt-5.2-2025-12-11"]
    page.get_by_role("button", name="Whole time", exact=True).click()
    assert lanes.count() == 5
    opened.press("ArrowDown", "z")
    assert lanes.nth(1).locator(".segment").bounding_box()["width"] > 0.8 * track["width"]
    opened.press("z")
    page.get_by_role("button", name="Whole time", exact=True).wait_for(state="hidden")
    assert "resp_answered_calls" in page.locator("#detail .id").inner_text()


def test_a_failure_comes_first_and_a_link_opens_it(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page + "#run_failed")
    box = opened.page.get_by_role("alert")
    assert "rate_limit_exceeded" in box.inner_text()
    below = opened.page.locator("#detail .numbers").bounding_box()
    assert box.bounding_box()["y"] < below["y"]
    assert "failed" in opened.page.locator("#detail .badge").inner_text()
    opened.page.goto(samples_page + "#run_of_nobody")
    detail(opened).get_by_text("does not contain").wait_for()


def test_two_stand_side_by_side_on_one_axis(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page + "#run_plain_answer|run_parallel_function_calls")
    page = opened.page
    page.get_by_text("Side by side").wait_for()
    row = page.locator(".measures tr", has_text="duration").first
    assert row.locator("td").all_inner_texts() == ["2.1s", "3.8s", "+1.7s (+81 %)"]
    ticks = [page.locator(".pair .page").nth(at).locator(".axis .tick").all_inner_texts() for at in (0, 1)]
    assert ticks[0] == ticks[1]
    page.get_by_role("button", name="Swap", exact=True).click()
    opened.until("location.hash.startsWith('#run_parallel')")


def test_durations_are_written_as_on_the_console(browser: Any) -> None:
    source = resources.files("threadtrail.commands.view").joinpath("page", "format.js").read_text("utf-8")
    page = browser.new_page()
    written = page.evaluate(
        """async ([source, times]) => {
          const { duration } = await import("data:text/javascript," + encodeURIComponent(source));
          return times.map(duration);
        }""",
        [source, [nanoseconds / 1e6 for nanoseconds, _ in DURATIONS]],
    )
    page.close()
    assert written == [words for _, words in DURATIONS]


def test_everything_goes_by_keyboard(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page)
    page = opened.page
    opened.press("/")
    page.keyboard.type("paris")
    page.locator("#totals", has_text=" of ").wait_for()
    opened.press("ArrowDown", "ArrowRight", "j", "Enter")
    page.locator("#detail .id", has_text="resp_answered_calls").wait_for()
    opened.press("j")
    page.locator("#detail .id", has_text="resp_answering_response").wait_for()
    opened.press("c", "k", "k")
    page.locator("#detail .kind", has_text="turn").wait_for()
    opened.press("c")
    page.get_by_text("Side by side").wait_for()
    opened.press("Escape")
    detail(opened).wait_for(state="hidden")
    opened.press("?")
    page.get_by_role("dialog").get_by_text("next, previous").wait_for()
    opened.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "runs"
    opened.press("Enter")
    opened.press("Enter")
    opened.until("document.activeElement.id === 'detail'")
    page.locator("button.lane").first.focus()
    opened.press("ArrowDown")
    assert page.evaluate("document.activeElement.className").startswith("lane")
    opened.press("Escape", "Escape")
    assert opened.total("runs") == str(len(RUNS))


def test_what_a_screen_reader_is_told(visit: Visit, samples_page: str) -> None:
    opened = visit(samples_page)
    page = opened.page
    grid = page.get_by_role("treegrid", name="Runs and turns", exact=True)
    assert grid.get_attribute("aria-rowcount") == str(len(ALONE) + 2)
    turn = grid.locator("[aria-expanded]", has_text="Paris")
    assert turn.get_attribute("aria-expanded") == "false"
    turn.get_by_role("button").click()
    assert turn.get_attribute("aria-expanded") == "true"
    assert grid.locator("[aria-level='2']").count() == 2
    opened.press("Home", "j")
    active = page.evaluate("document.getElementById('runs').getAttribute('aria-activedescendant')")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    assert page.evaluate(UNNAMED) == 0


@pytest.mark.parametrize("address", ["", TURN, "#resp_hosted_tools", f"#run_failed|{TURN[1:]}"])
def test_a_phone_needs_no_scrolling_sideways(visit: Visit, samples_page: str, address: str) -> None:
    opened = visit(samples_page + address, width=390, height=844, has_touch=True)
    assert opened.overflow() == 0
    assert opened.page.evaluate(TOO_WIDE) == 0


def brightness(opened: Opened) -> float:
    color = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(float, re.findall(r"[\d.]+", color)[:3]))


def test_dark_is_as_the_system_has_it_until_somebody_chooses(visit: Visit, samples_page: str) -> None:
    dark, light = visit(samples_page, color_scheme="dark"), visit(samples_page, color_scheme="light")
    assert brightness(dark) < DARK
    assert brightness(light) > BRIGHT
    light.page.get_by_role("button", name="Switch between").click()
    assert brightness(light) < DARK
    light.page.reload()
    light.ready()
    assert brightness(light) < DARK


def test_ten_thousand_runs_open_quickly_and_filter_at_once(
    visit: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording, output = tmp_path / "many.jsonl", tmp_path / "many.html"
    recording.write_text("".join(lines_of_many(10_000)), encoding="utf-8")
    before = os.times().user
    assert cli.main(["view", str(recording), "--output", str(output)]) == 0
    made = os.times().user - before
    opened = visit(output.as_uri())
    page = opened.page
    assert opened.total("runs") in {"10,000", "10,001"}
    assert page.locator("#rows [role=row]").count() < 100
    took = {"open": opened.opened_after()}
    took["filter"] = page.evaluate(FILTER)
    assert " of 10,00" in opened.total("runs")
    page.get_by_role("button", name="Clear", exact=True).click()
    opened.press("End")
    page.locator("#runs").focus()
    opened.press("End", "Enter")
    page.locator("#detail h2").wait_for()
    with capsys.disabled():
        numbers = ", ".join(f"{name} {time:.0f} ms" for name, time in took.items())
        print(f"\n10,000 runs: {numbers}; made in {made:.1f} s, {output.stat().st_size / 1e6:.1f} MB")  # noqa: T201
    assert max(took.values()) < MAX_MS
