"""A stream that a hook of the HTTP client has read before the SDK, or that a mock made, is recorded."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from driving import drained, entered, resolved
from instrumentation.encoded import (
    ASK,
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
    events_of,
    parsed_stream,
    plain,
)
from threadtrail.events import RunCreated
from threadtrail.testing import capture

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.parametrize("kind", KINDS),
]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("wrapper", ["with_raw_response", "with_streaming_response"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["none", "gzip", "two"])
@pytest.mark.usefixtures("strict")
async def test_a_body_that_a_hook_has_read(
    kind: str, source: str, wrapper: str, name: str, stream: bool
) -> None:
    encoding, encode = ENCODINGS[name]
    answer = answering(encode(body_of(source, stream=stream)), encoding, stream=stream)
    client = client_of(answer, kind, is_read=True)
    bare = await read_before(client, source, wrapper, stream=stream)
    with capture() as captured:
        assert await read_before(client, source, wrapper, stream=stream) == bare
        if stream:
            check_stream(captured)
        assert len(captured.of(RunCreated)) == 1


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("wrapper", ["with_raw_response", "with_streaming_response"])
@pytest.mark.parametrize("headers", [{}, {"content-type": "text/event-stream"}])
async def test_a_stream_of_a_mock(
    kind: str, source: str, wrapper: str, headers: dict[str, str], strict: None
) -> None:
    client = client_of(lambda _: httpx2.Response(200, headers=headers, content=events_of(source)), kind)
    with capture() as captured:
        assert len(await read_before(client, source, wrapper, stream=True)) >= 2
        check_stream(captured)


@pytest.mark.parametrize("wrapper", ["with_raw_response", "with_streaming_response"])
async def test_json_where_a_stream_was_asked_for(kind: str, wrapper: str, strict: None) -> None:
    client = client_of(lambda _: httpx2.Response(200, json={"id": "x"}), kind)
    with capture() as captured:
        assert await read_before(client, "responses", wrapper, stream=True) == []
        assert [run.id for run in captured.runs] == (["x"] if wrapper == "with_raw_response" else [])


async def test_a_plain_stream_that_a_hook_has_read(kind: str, strict: None) -> None:
    client = client_of(answering(events_of("responses"), "", stream=True), kind, is_read=True)
    with capture() as captured:
        assert len(await drained(await resolved(client.responses.create(**ASK, stream=True)))) == 2
        check_stream(captured)


async def read_before(client: Any, source: str, wrapper: str, *, stream: bool) -> Any:
    create = create_of(client, source, wrapper)
    more = {"stream": True} if stream else {}
    if wrapper == "with_streaming_response":
        async with entered(create(**more)) as response:
            return await (OF_STREAMS if stream else OF_BODIES)["parse"](response)
    response = await resolved(create(**more))
    # `parse` of a raw response is not async, whatever the client.
    return await parsed_stream(response) if stream else plain(response.parse())
