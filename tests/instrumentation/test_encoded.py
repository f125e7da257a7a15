"""A body that the app reads itself is recorded in any content encoding that the app's httpx can decode."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import httpx2
import openai
import pytest

import threadtrail
from driving import entered, resolved
from instrumentation.encoded import (
    ENCODINGS,
    KINDS,
    OF_BODIES,
    OF_STREAMS,
    SOURCES,
    answering,
    body_of,
    check_stream,
    client_of,
    create_of,
    each_of,
    events_of,
    json_of,
    parsed_stream,
)
from threadtrail._guard import guard
from threadtrail.events import RunCreated
from threadtrail.instrumentation import encodings, unread
from threadtrail.testing import capture

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.parametrize("kind", KINDS),
]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the guard has counted at the end of a test, and nothing from before."""
    counts: dict[str, int] = {}
    monkeypatch.setattr(guard, "_counts", counts)
    monkeypatch.setattr(guard, "_logged_at", {})
    return counts


async def streamed(client: Any, source: str, way: str) -> Any:
    async with entered(create_of(client, source, "with_streaming_response")(stream=True)) as response:
        return await OF_STREAMS[way](response)


async def read(client: Any, source: str, way: str) -> Any:
    async with entered(create_of(client, source, "with_streaming_response")()) as response:
        return await OF_BODIES[way](response)


async def attempted(reading: Any) -> Any:
    try:
        return await reading
    except (httpx2.DecodingError, openai.APIError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("way", each_of(OF_BODIES))
@pytest.mark.parametrize("name", ENCODINGS)
async def test_a_body(kind: str, way: str, name: str, strict: None) -> None:
    encoding, encode = ENCODINGS[name]
    source = "responses"
    client = client_of(answering(encode(json_of(source)), encoding, stream=False), kind)
    bare = await read(client, source, way)
    with capture() as captured:
        assert await read(client, source, way) == bare
        assert len(captured.of(RunCreated)) == 1


@pytest.mark.parametrize("way", each_of(OF_STREAMS))
@pytest.mark.parametrize("name", ENCODINGS)
async def test_an_event_stream(kind: str, way: str, name: str, strict: None) -> None:
    encoding, encode = ENCODINGS[name]
    source = "responses"
    client = client_of(answering(encode(events_of(source)), encoding, stream=True), kind)
    bare = await streamed(client, source, way)
    with capture() as captured:
        assert await streamed(client, source, way) == bare
        check_stream(captured)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", ENCODINGS)
async def test_a_raw_response_with_a_stream(kind: str, source: str, name: str, strict: None) -> None:
    encoding, encode = ENCODINGS[name]
    client = client_of(answering(encode(events_of(source)), encoding, stream=True), kind)
    with capture() as captured:
        response = await resolved(create_of(client, source, "with_raw_response")(stream=True))
        assert len(await parsed_stream(response)) >= 2
        check_stream(captured)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("way", ["read", "iter_raw", "parse"])
@pytest.mark.parametrize("encoding", ["gzip", "unheard-of", "gzip, unheard-of", "deflate"])
async def test_what_cannot_be_decoded_is_reported_once(
    kind: str, encoding: str, way: str, stream: bool, reports: dict[str, int]
) -> None:
    body = bytes(range(128, 256)) * 3
    client = client_of(answering(body, encoding, stream=stream), kind)
    reading = streamed if stream else read
    bare = await attempted(reading(client, "responses", way))
    with capture() as captured:
        assert await attempted(reading(client, "responses", way)) == bare
        assert captured.of(RunCreated) == []
    assert sum(reports.values()) == 1, reports


@pytest.mark.parametrize("stream", [False, True])
async def test_without_a_decoder_what_the_sdk_parses_is_recorded(
    kind: str, stream: bool, monkeypatch: pytest.MonkeyPatch, reports: dict[str, int]
) -> None:
    def missing(*_: Any) -> None:
        raise AttributeError

    monkeypatch.setattr("threadtrail.instrumentation.encodings._decoder", missing)
    body = gzip.compress(body_of("responses", stream=stream))
    client = client_of(answering(body, "gzip", stream=stream), kind)
    with capture() as captured:
        await (streamed if stream else read)(client, "responses", "parse")
        assert len(captured.of(RunCreated)) == 1
    assert sum(reports.values()) == 1, reports


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
async def test_a_small_body_that_decodes_to_a_large_one_is_given_up(
    kind: str, encoding: str, stream: bool, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    monkeypatch.setattr(unread, "MAX_BYTES", 1_000_000)
    body = gzip.compress(b" " * 20_000_000)
    if "," in encoding:
        body = gzip.compress(body)
    client = client_of(answering(body, encoding, stream=stream), kind)
    with capture():
        await (streamed if stream else read)(client, "responses", "iter_raw")
        assert threadtrail.flush(60)
        assert threadtrail.status().forgotten == {"bodies that the app reads itself": 1}


async def test_a_long_stream_of_small_events_is_not_given_up(
    kind: str, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    monkeypatch.setattr(unread, "MAX_BYTES", 10_000)
    events = b": ping\n\n" * 10_000 + events_of("responses")
    compressor = zlib.compressobj(level=0)
    body = compressor.compress(events) + compressor.flush()
    client = client_of(answering(body, "deflate", stream=True), kind)
    with capture() as captured:
        await streamed(client, "responses", "read")
        check_stream(captured)


async def test_what_comes_after_the_end_of_a_body_is_not_decoded(
    kind: str, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    """Nor does the app get it. A decoder of zlib would copy all of it with each slice that it is given."""
    decoded: list[object] = []
    each = encodings._each

    def noted(found: Any) -> Any:
        decoded.append(found)
        return each(found)

    monkeypatch.setattr(encodings, "_each", noted)
    body = gzip.compress(json_of("responses")) + b"rest" * 1_000_000
    client = client_of(answering(body, "gzip", stream=False), kind)
    with capture() as captured:
        await read(client, "responses", "read")
        assert len(captured.of(RunCreated)) == 1
    assert len(decoded) < 10
