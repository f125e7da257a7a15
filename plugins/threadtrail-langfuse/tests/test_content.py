"""Content: users, prompts, images, and no content where it is not wanted."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import FUNCTION_CALLS

import threadtrail
from langfuse_receiver import MEDIA
from threadtrail.events import RunEnded
from threadtrail.testing import wait_until
from threadtrail.testing.samples import events_of, sample_runs
from threadtrail.testing.server import Failed, FunctionCall, Message, RunScript, ToolCalls
from threadtrail.values import FilePart, ImagePart, TextPart
from threadtrail_langfuse import LangfuseExporter

if TYPE_CHECKING:
    from langfuse_receiver import Receiver
    from langfuse_stage import Stage
    from threadtrail.values import Part, Run

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 50).decode()


def asked_with(part: Part) -> Run:
    run = sample_runs()["plain_answer"]
    question = replace(run.input[0], parts=(TextPart(text="What is this?"), part))
    return replace(run, input=(question,))


def export(run: Run) -> None:
    exporter = LangfuseExporter()
    exporter.start()
    exporter.export([events_of(run)[-1]], [None])
    exporter.flush()
    exporter.shutdown()


def test_the_caller_stands_on_every_observation(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.trace(environment="staging", release="1.2.3", version="v7")
    with threadtrail.attributes(user_id="u1", session_id="s1", tags=["beta", "eu"], metadata={"plan": "pro"}):
        stage.run()
    for each in stage.observations():
        assert each.session == "s1"
        assert each.attributes["user.id"] == "u1"
        assert each.attributes["langfuse.trace.tags"] == ["beta", "eu"]
        assert each.metadata["plan"] == "pro"
        assert each.attributes["langfuse.environment"] == "staging"
        assert each.attributes["langfuse.release"] == "1.2.3"
        assert each.attributes["langfuse.version"] == "v7"


def test_variables_of_langfuse_say_environment_and_release(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGFUSE_TRACING_ENVIRONMENT", "production")
    monkeypatch.setenv("LANGFUSE_RELEASE", "abc")
    stage.trace()
    stage.run()
    for each in stage.observations():
        assert each.attributes["langfuse.environment"] == "production"
        assert each.attributes["langfuse.release"] == "abc"


def test_the_session_is_the_thread_unless_one_is_named(stage: Stage) -> None:
    stage.trace()
    run = stage.run()
    stage.observations()
    agent = stage.langfuse.one("agent")
    assert {each.session for each in [agent, *stage.children(agent)]} == {run.thread_id}


def test_an_inline_image_becomes_media(langfuse: Receiver) -> None:
    export(asked_with(ImagePart(url=f"data:image/png;base64,{PNG}")))
    wait_until(lambda: langfuse.to(MEDIA))
    media = [json.loads(request.body) for request in langfuse.to(MEDIA)]
    assert {(each["contentType"], each["field"]) for each in media} == {("image/png", "input")}
    shown = langfuse.one("agent").input[0]["content"][1]["image_url"]["url"]
    assert shown.startswith("@@@langfuseMedia:type=image/png|id=")
    assert PNG.encode() not in langfuse.wire


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (ImagePart(file_id="file_cat"), {"type": "image_file", "image_file": {"file_id": "file_cat"}}),
        (
            ImagePart(url="https://example.com/cat.png", detail="low"),
            {"type": "image_url", "image_url": {"url": "https://example.com/cat.png", "detail": "low"}},
        ),
        (
            ImagePart(media_type="image/png", size_bytes=9_000_000),
            {"type": "image", "media_type": "image/png", "size_bytes": 9_000_000, "left_out": True},
        ),
        (
            FilePart(file_id="file_report", filename="report.pdf"),
            {"type": "file", "file": {"file_id": "file_report", "filename": "report.pdf"}},
        ),
    ],
)
def test_other_images_and_files_are_shown_as_what_they_are(
    langfuse: Receiver, part: Part, shown: dict[str, Any]
) -> None:
    export(asked_with(part))
    assert langfuse.one("agent").input[0]["content"] == [{"type": "text", "text": "What is this?"}, shown]


def test_citations_stay_with_their_message(langfuse: Receiver) -> None:
    export(sample_runs()["file_search"])
    answer = langfuse.of("generation")[-1].output
    assert answer["annotations"][0]["file_citation"] == {"file_id": "file_handbook"}
    assert langfuse.one("agent").output == "25 days a year【4:0†handbook.pdf】."


def test_without_content_none_of_it_is_on_the_wire(stage: Stage) -> None:
    words = [
        "MARK_QUESTION",
        "MARK_ARGUMENT",
        "MARK_ANSWER",
        "MARK_INSTRUCTIONS",
        "MARK_ERROR",
        "MARK_METADATA",
    ]
    stage.server.script_next(
        RunScript(ToolCalls(FunctionCall("get_weather", {"city": words[1]})), Message(words[2])),
        RunScript(Message(words[2]), end=Failed("server_error", words[4])),
    )
    stage.trace(settings={"capture_content": False})
    with threadtrail.trace("lesson"):
        for _ in range(2):
            stage.run(words[0], instructions=words[3], metadata={"note": words[5]})
    observations = stage.observations()
    wire = stage.langfuse.wire
    assert not [word for word in words if word.encode() in wire]
    assert len(stage.langfuse.of("agent")) == 2
    assert {
        (each.input, each.output) for each in observations if each.type in {"agent", "tool", "event"}
    } == {(None, None)}
    assert stage.langfuse.observation("lesson").input is None
    assert [each.level for each in stage.langfuse.of("agent")] == ["DEFAULT", "ERROR"]
    assert stage.langfuse.of("agent")[1].status_message == "server_error"


def test_redacted_text_is_what_arrives(stage: Stage) -> None:
    stage.server.script(RunScript(Message("call 555-1234")))
    stage.trace(settings={"redact": lambda text: text.replace("555-1234", "[phone]")})
    stage.run("my number is 555-1234")
    stage.observations()
    assert b"555-1234" not in stage.langfuse.wire
    assert stage.langfuse.one("agent").output == "call [phone]"


def test_a_run_is_exported_with_its_last_event_only() -> None:
    """The events before a run's end have nothing that the end does not repeat."""
    before = [event for event in events_of(sample_runs()["streamed"]) if not isinstance(event, RunEnded)]
    exporter = LangfuseExporter()
    exporter.start()
    exporter.export(before, [None] * len(before))
    exporter.shutdown()
