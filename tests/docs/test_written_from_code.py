"""The generated parts of the documentation are up to date; if they are not, that is noticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import make_docs
import pytest

from doc_blocks import DOCS, blocks
from threadtrail.events import EVENT_CLASSES, Event
from threadtrail.testing.samples import sample_events

if TYPE_CHECKING:
    from pathlib import Path

PAGES = make_docs.pages()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_it_is_fresh(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == PAGES[file](), f"{file.name} is stale; run: make docs-data"


@pytest.mark.parametrize("page", ["events.md", "configuration.md"])
def test_a_stale_page_is_noticed_and_written_anew(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first is written whole, of the second a part."""
    for file in PAGES:
        copy = tmp_path / file.relative_to(DOCS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(make_docs, "ROOT", tmp_path)
    monkeypatch.setattr(make_docs, "DOCS", tmp_path)
    assert make_docs.main(["--check"]) == 0
    stale = tmp_path / page
    text = stale.read_text(encoding="utf-8")
    stale.write_text(text.replace("`capture_content`", "`capture`"), encoding="utf-8")
    if page == "events.md":
        stale.write_text(text.replace("RunEnded", "RunOver"), encoding="utf-8")
    assert make_docs.main(["--check"]) == 1
    assert capsys.readouterr().out == f"{page} is stale; run: make docs-data\n"
    assert make_docs.main([]) == 0
    assert stale.read_text(encoding="utf-8") == text


def test_a_page_without_its_marks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_docs, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("no marks")
    with pytest.raises(ValueError, match=r"page\.md has 0 places"):
        make_docs.filled(tmp_path / "page.md", "text")


def test_examples_of_events_are_the_samples() -> None:
    first_of_class: dict[str, Event] = {}
    for event in sample_events():
        first_of_class.setdefault(event.event, event)
    examples = [Event.from_json(text) for text in blocks(DOCS / "events.md", "json")]
    assert examples[: len(first_of_class)] == [first_of_class[kind.__name__] for kind in EVENT_CLASSES]
    responses = examples[len(first_of_class) :]
    assert [event for event in sample_events() if event in responses] == responses
    assert {event.source for event in responses} == {"openai.responses"}


def test_the_published_schema_knows_every_event() -> None:
    schema = json.loads((DOCS / "schema" / "events.schema.json").read_text(encoding="utf-8"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["discriminator"]["mapping"]) == {event.event for event in sample_events()}
