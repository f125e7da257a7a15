from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hostile_runs import BREAKS_OUT, hostile_events, long_answer, many_steps, right_to_left

if TYPE_CHECKING:
    from collections.abc import Callable

    from opened_pages import Opened

    Visit = Callable[..., Opened]

pytestmark = pytest.mark.slow

MAX_MS = 60_000  # for what a person waits for, on a machine that is busy; alone, it is far below a second
TIMED = """async (selector) => {
  const start = performance.now();
  document.querySelector(selector).click();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
OPEN_ALL = """async () => {
  for (let round = 0; round < 4; round += 1) {
    for (const details of document.querySelectorAll("#detail details:not([open])")) details.open = true;
    await new Promise((done) => setTimeout(done));
  }
  for (const button of document.querySelectorAll("#detail .acts button, #detail button.plain:not([title])")) {
    if (button.textContent !== "Copy") button.click();
  }
  return document.getElementById("detail").textContent.length;
}"""


OBEYED = r"""() => {
  const unseen = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
  const texts = [document.title, document.querySelector(".top").textContent];
  for (const element of document.querySelectorAll("main *, .filters *")) {
    texts.push(...["title", "aria-label", "data-tip", "alt"].map((name) => element.getAttribute(name) ?? ""));
    if (element.childElementCount === 0) texts.push(element.textContent);
  }
  return texts.filter((text) => unseen.test(text));
}"""
"""The texts that hold a character which would be obeyed, or not be seen."""

IN_PLACE = """(() => {
  const holds = (element) => element.textContent.includes("مرحبا");
  const row = [...document.querySelectorAll("#rows [role=row]")].find(holds);
  if (!row) return false;
  const text_of_row = [...row.querySelectorAll("bdi")].find(holds);
  const places = [row.querySelector(".title"), text_of_row, row.querySelector(".took")];
  const [name, text, took] = places.map((element) => element?.getBoundingClientRect().x);
  return name < text && text < took;
})()"""
"""Whether a right-to-left text is where it belongs in its row; all at once, since rows are made anew."""


@pytest.fixture(scope="module")
def hostile_page(page_of: Callable[..., str]) -> str:
    events = [*hostile_events(), *long_answer(), *many_steps(), *right_to_left()]
    return page_of(events, "--title", BREAKS_OUT.replace("\x00", ""))


def test_nothing_is_run_and_nothing_is_loaded(visit: Visit, hostile_page: str) -> None:
    opened = visit(hostile_page)
    page = opened.page
    handles = page.evaluate(
        "JSON.parse(document.getElementById('index').textContent).rows.map((row) => row[0])"
    )
    assert len(handles) > 25
    assert "<script>" in page.get_by_role("heading", level=1).inner_text()
    for handle in handles:
        page.evaluate("(handle) => { location.hash = encodeURIComponent(handle); }", handle)
        opened.until(
            "(handle) => document.querySelector('#detail h2')?.dataset.handle === handle",
            handle,
        )
        assert page.evaluate(OPEN_ALL) > 100
        assert page.evaluate(OBEYED) == []
    page.evaluate("(two) => { location.hash = two.map(encodeURIComponent).join('|'); }", handles[:2])
    page.get_by_text("Side by side").wait_for()
    opened.press("Escape")
    page.get_by_label("Status", exact=True).select_option(index=1)
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.scripts.length") == page.evaluate(
        "document.querySelectorAll('#index, [type=module], [id^=chunk-]').length"
    )
    assert page.locator("#detail script, #detail svg, #rows script, #rows img").count() == 0
    assert opened.requests == [hostile_page]


def test_what_would_be_obeyed_is_shown(visit: Visit, hostile_page: str) -> None:
    opened = visit(hostile_page)
    title = opened.page.get_by_role("heading", level=1).inner_text()
    for symbol in ("⟨ESC⟩", "⟨BEL⟩", "⟨BS⟩", "⟨U+202E⟩", "⟨U+2066⟩", "⟨U+FEFF⟩", "⟨U+E0041⟩"):
        assert symbol in title
    text = opened.page.locator("#rows").inner_text()
    assert not {"\x1b", "\u202e", "\u2066", "\ufeff", "\u2028"} & set(text)
    assert "⟨ESC⟩" in text


def test_right_to_left_text_stays_in_its_place(visit: Visit, hostile_page: str) -> None:
    opened = visit(hostile_page)
    opened.page.get_by_role("searchbox").fill("run_right_to_left")
    opened.until(IN_PLACE)


def test_an_answer_of_five_megabytes_is_folded_and_opens(visit: Visit, hostile_page: str) -> None:
    opened = visit(hostile_page)
    page = opened.page
    page.evaluate("location.hash = '#run_long_answer'")
    more = page.locator("#detail .said.assistant button", has_text="show all")
    more.wait_for()
    assert "5.0 MB" in more.inner_text()
    answer = page.locator("#detail .said.assistant")
    assert page.evaluate("document.querySelector('#detail .said.assistant').textContent.length") < 20_000
    assert page.evaluate(TIMED, "#detail .said.assistant button") < MAX_MS
    opened.until("document.querySelector('#detail .said.assistant').textContent.length > 4_800_000")
    assert "\x1b" not in answer.evaluate("(element) => element.textContent.slice(-1000)")
    opened.press("Escape")
    page.locator("#detail").wait_for(state="hidden")


def test_three_thousand_steps_are_folded_and_open(visit: Visit, hostile_page: str) -> None:
    opened = visit(hostile_page)
    page = opened.page
    page.evaluate("location.hash = '#run_many_steps'")
    page.locator("button.lane").first.wait_for()
    assert page.locator("button.lane").count() == 100
    more = page.locator(".waterfall button.more")
    while more.count():
        assert page.evaluate(TIMED, ".waterfall button.more") < MAX_MS
    assert page.locator("button.lane").count() == 6_001
    assert page.locator("#detail .said").count() < 100
    page.locator("button.lane", has_text="tool_1").first.click()
    page.locator(".flash").wait_for()
