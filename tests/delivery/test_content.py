"""Content off, redacted, shortened: for every event class, by its fields."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import pytest

from delivery.filled import count_content_fields, filled
from threadtrail import events, values
from threadtrail._frozen import freeze
from threadtrail._guard import Guard
from threadtrail.delivery.plans import plan_of
from threadtrail.delivery.processors import build_processors, never_changed_bytes
from threadtrail.delivery.sizes import size_of
from threadtrail.delivery.texts import REDACTION_FAILED
from threadtrail.events import EVENT_CLASSES, Event, MessageCreated, RunEnded, ThreadCreated

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "SECRET-MARKER"
EVERY_CLASS = pytest.mark.parametrize("event_class", EVENT_CLASSES, ids=lambda each: each.__name__)


def process(event: Any, **settings: Any) -> Any:
    (processor,) = build_processors(**settings)
    return processor(event)


def texts_in(value: Any, *, keys: bool = True) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if keys:
                yield key
            yield from texts_in(item, keys=keys)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item, keys=keys)


def test_the_fields_are_really_filled() -> None:
    assert count_content_fields(RunEnded) > 30
    for event_class in EVENT_CLASSES:
        written = filled(event_class, MARKER).to_json()
        assert written.count(MARKER) >= count_content_fields(event_class), event_class


@EVERY_CLASS
def test_with_content_off_no_content_is_left_anywhere(event_class: type[Event]) -> None:
    event = filled(event_class, MARKER)
    processed = process(event, capture_content=False)
    assert type(processed) is event_class
    assert MARKER not in processed.to_json()
    assert Event.from_json(processed.to_json()) == processed


@EVERY_CLASS
def test_with_content_off_all_else_stays(event_class: type[Event]) -> None:
    processed = process(filled(event_class, MARKER), capture_content=False).to_json()
    emptied = filled(event_class, "").to_json()
    kept = [text for text in texts_in(json.loads(emptied), keys=False) if text]
    assert [text for text in texts_in(json.loads(processed), keys=False) if text] == kept


@EVERY_CLASS
def test_redact_sees_every_text_and_every_key_once(event_class: type[Event]) -> None:
    event = filled(event_class, MARKER)
    seen: list[str] = []

    def redact(text: str) -> str:
        seen.append(text)
        return text.replace(MARKER, "***")

    processed = process(event, redact=redact)
    assert MARKER not in processed.to_json()
    assert seen.count(MARKER) == event.to_json().count(MARKER)
    assert processed.to_json() == event.to_json().replace(MARKER, "***")


@EVERY_CLASS
def test_every_text_is_shortened(event_class: type[Event]) -> None:
    long = "ä€😀x" * 100
    processed = process(filled(event_class, long), max_content_bytes=200)
    shortened = list(texts_in(json.loads(processed.to_json())))
    assert all(len(text.partition("… [truncated")[0].encode()) <= 200 for text in shortened)
    assert "�" not in processed.to_json()
    count = filled(event_class, MARKER).to_json().count(MARKER)
    assert sum(text.endswith("… [truncated, 1000 bytes]") for text in shortened) == count


@EVERY_CLASS
@pytest.mark.parametrize("settings", [{}, {"redact": lambda text: text}], ids=["plain", "redact"])
def test_what_needs_no_change_is_not_copied(event_class: type[Event], settings: dict[str, Any]) -> None:
    event = filled(event_class, "short")
    assert process(event, **settings) is event


@EVERY_CLASS
@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_an_event_that_is_not_processed_would_not_have_been_changed(
    event_class: type[Event], character: str
) -> None:
    unprocessed = never_changed_bytes(max_content_bytes=40_000)
    for length in (1, 1_000, 10_000, 10_001, 20_001, 40_001):
        event = filled(event_class, character * length)
        changed = process(event, max_content_bytes=40_000) is not event
        too_long = len(character.encode()) * length > 40_000
        assert changed == (too_long and count_content_fields(event_class) > 0)
        assert not changed or size_of(event) > unprocessed
    assert size_of(ThreadCreated(time=1, type="t", thread_id="thread_1")) < unprocessed, (
        "or all are processed"
    )


@pytest.mark.parametrize("settings", [{"capture_content": False}, {"redact": str}])
def test_every_event_is_processed_without_content_and_with_redact(settings: dict[str, Any]) -> None:
    assert (
        never_changed_bytes(**settings) == 0 < size_of(ThreadCreated(time=1, type="t", thread_id="thread_1"))
    )


def test_parts_without_change_are_shared() -> None:
    run = filled(values.Run, "short")
    long = values.Message(role="user", parts=(values.TextPart(text="x" * 1000), values.TextPart(text="y")))
    event = RunEnded(time=1, run=values.Run(id="run_1", input=(long,), output=run.output))
    processed = process(event, max_content_bytes=200)
    assert processed.run.output is event.run.output
    assert processed.run.input[0].parts[1] is long.parts[1]
    assert processed.run.input[0].parts[0].text == "x" * 200 + "… [truncated, 1000 bytes]"


@pytest.mark.parametrize("answer", [None, 1, b"bytes", ["list"]])
def test_redact_that_returns_no_text_fails_closed(answer: Any) -> None:
    guard = Guard()
    processed = process(filled(MessageCreated, MARKER), redact=lambda _: answer, guard=guard)
    assert MARKER not in processed.to_json()
    assert processed.message.parts[0].text == REDACTION_FAILED
    assert guard.counts["redact()"] >= filled(MessageCreated, MARKER).to_json().count(MARKER)


@pytest.mark.parametrize("level", [logging.WARNING, logging.DEBUG])
def test_redact_that_raises_fails_closed_and_its_words_are_not_logged(
    level: int, caplog: pytest.LogCaptureFixture
) -> None:
    def redact(text: str) -> str:
        raise RuntimeError(text) from ValueError(text)

    caplog.set_level(level, "threadtrail")
    processed = process(filled(RunEnded, MARKER), redact=redact, guard=Guard())
    assert MARKER not in processed.to_json()
    assert REDACTION_FAILED in processed.to_json()
    assert caplog.messages == ["redact(): raised RuntimeError; the text is left out"]
    assert MARKER not in caplog.text


def test_keys_that_become_one_are_numbered_and_lose_no_value() -> None:
    call = values.ToolCall(id="c", kind="function", name="f", results=freeze([{"ada": 1, "bob": 2, "x": 3}]))
    step = values.Step(id="s", kind="tool_calls", tool_calls=(call,))
    processed = process(
        RunEnded(time=1, run=values.Run(id="run_1", steps=(step,))),
        redact=lambda text: "[name]" if text in {"ada", "bob"} else text,
    )
    assert processed.run.steps[0].tool_calls[0].results == ({"[name]": 1, "[name] (2)": 2, "x": 3},)


def test_a_media_type_is_redacted_whoever_names_it() -> None:
    named = values.FilePart(file_id="f", media_type=f"application/{MARKER}")
    inline = values.ImagePart(url=f"data:image/{MARKER};base64,{'QUJD' * 1000}")
    other = values.OtherPart(data=freeze({"url": inline.url}))
    message = values.Message(role="user", parts=(named, inline, other))
    event = MessageCreated(time=1, message=message)
    processed = process(event, redact=lambda text: text.replace(MARKER, "***"), max_content_bytes=1024)
    assert MARKER not in processed.to_json()
    assert processed.message.parts[0].media_type == "application/***"
    assert processed.message.parts[1].media_type == "image/***"
    assert processed.message.parts[2].data == {"url": "<image/***, 3000 bytes>"}
    assert MARKER not in process(event, capture_content=False).to_json()


def test_redact_that_returns_a_lone_surrogate_can_still_be_written() -> None:
    processed = process(filled(MessageCreated, MARKER), redact=lambda _: "a\ud800")
    assert processed.message.parts[0].text == "a�"
    assert "a�" in processed.to_json()


def test_redact_sees_the_text_before_it_is_cut() -> None:
    text = "x" * 180 + "4111-1111-1111-1111" + "y" * 500
    message = values.Message(role="user", parts=(values.TextPart(text=text),))
    processed = process(
        MessageCreated(time=1, message=message),
        redact=lambda text: text.replace("4111-1111-1111-1111", "[card]"),
        max_content_bytes=220,
    )
    assert "411" not in processed.message.parts[0].text
    assert "[card]" in processed.message.parts[0].text


PIXELS = bytes(range(256)) * 8
DATA_URL = "data:image/png;base64," + base64.b64encode(PIXELS).decode()


@pytest.mark.parametrize(
    ("url", "media_type", "size"),
    [
        (DATA_URL, "image/png", 2048),
        ("data:image/jpeg;base64," + base64.b64encode(PIXELS[:-1]).decode(), "image/jpeg", 2047),
        ("DATA:text/csv;charset=utf-8;BASE64," + base64.b64encode(PIXELS[:-2]).decode(), "text/csv", 2046),
        ("data:," + "%20" * 1000, "text/plain", 1000),
    ],
)
@pytest.mark.parametrize("part_class", [values.ImagePart, values.FilePart])
def test_inline_data_over_the_limit_is_described(
    part_class: Any, url: str, media_type: str, size: int
) -> None:
    seen: list[str] = []

    def redact(text: str) -> str:
        seen.append(text)
        return text

    message = values.Message(role="user", parts=(part_class(url=url),))
    processed = process(MessageCreated(time=1, message=message), max_content_bytes=1024, redact=redact)
    assert processed.message.parts == (part_class(url=None, media_type=media_type, size_bytes=size),)
    assert seen == [media_type]  # and not the data
    assert process(MessageCreated(time=1, message=message), max_content_bytes=4096).message is message


def test_inline_data_inside_a_json_value_is_described_in_place() -> None:
    part = values.OtherPart(type="new", data=freeze({"image_url": {"url": DATA_URL}, "n": 1}))
    event = MessageCreated(time=1, message=values.Message(role="user", parts=(part,)))
    processed = process(event, max_content_bytes=1024)
    assert processed.message.parts[0].data == {"image_url": {"url": "<image/png, 2048 bytes>"}, "n": 1}
    with pytest.raises(TypeError, match="immutable"):
        processed.message.parts[0].data["n"] = 2


def test_every_content_field_of_the_vocabulary_has_a_default() -> None:
    classes = [*EVENT_CLASSES, *(each for each in vars(values).values() if isinstance(each, type))]
    checked = 0
    for each in classes:
        plan = plan_of(each)
        for name in plan.content:
            plan.default(name)
            checked += 1
    assert checked > 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    reason: str = field(default="", metadata=values.CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJudged(Event):
    """An author's own event class."""

    event: str = "RunJudged"
    type: str = "run.judged"
    verdict: Any
    verdicts: list[Verdict]
    notes: tuple[str, ...] = field(default_factory=tuple, metadata=values.CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided(Event):
    event: str = "Undecided"
    type: str = "undecided"
    text: str = field(metadata=values.CONTENT)


def test_an_authors_own_event_is_walked_like_ours() -> None:
    event = RunJudged(
        time=1, verdict=Verdict(reason=MARKER), verdicts=[Verdict(reason=MARKER)], notes=(MARKER,)
    )
    assert MARKER not in repr(process(event, capture_content=False))
    assert repr(process(event, redact=lambda _: "***")).count("***") == 3
    assert {each.name for each in fields(event)} >= {"verdict", "notes"}


def test_content_that_cannot_be_left_out_raises_rather_than_stays() -> None:
    with pytest.raises(TypeError, match="'text' needs a default"):
        process(Undecided(time=1, text=MARKER), capture_content=False)


def test_the_module_of_events_is_covered_whole() -> None:
    """A class of event that is not in EVENT_CLASSES would escape the tests above."""
    defined = {
        each
        for each in vars(events).values()
        if isinstance(each, type) and issubclass(each, Event) and each is not Event
    }
    assert defined == set(EVENT_CLASSES)
