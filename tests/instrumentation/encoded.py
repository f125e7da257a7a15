"""A server whose answers have a content encoding, or were read by the app's HTTP client before the SDK."""

from __future__ import annotations

import gzip
import importlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from openai import AsyncOpenAI, OpenAI

from driving import drained, resolved
from threadtrail.events import RunCreated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from threadtrail.testing import Captured

KINDS = ["sync", pytest.param("async", marks=pytest.mark.slow)]
SOURCES = ["responses", pytest.param("assistants", marks=pytest.mark.slow)]

TEXT = "one two three"
ASK: dict[str, Any] = {"model": "m", "input": "q"}
RUN_OF: dict[str, Any] = {"assistant_id": "asst_1", "thread_id": "thread_1"}

RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": TEXT, "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
RUN: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1,
    "status": "completed",
    "instructions": "",
    "model": "m",
    "tools": [],
    **RUN_OF,
}
EVENTS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "responses": [
        ("response.created", {"response": RESPONSE | {"status": "in_progress", "output": []}}),
        ("response.completed", {"response": RESPONSE}),
    ],
    "assistants": [
        ("thread.run.created", RUN | {"status": "queued"}),
        ("thread.run.completed", RUN),
    ],
}


def json_of(source: str) -> bytes:
    return json.dumps(RESPONSE if source == "responses" else RUN).encode()


def events_of(source: str) -> bytes:
    def data(name: str, of: dict[str, Any], number: int) -> dict[str, Any]:
        return {"type": name, "sequence_number": number, **of} if source == "responses" else of

    texts = [
        f"event: {name}\ndata: {json.dumps(data(name, of, number))}\n\n"
        for number, (name, of) in enumerate(EVENTS[source])
    ]
    return "".join([*texts, "" if source == "responses" else "event: done\ndata: [DONE]\n\n"]).encode()


def body_of(source: str, *, stream: bool) -> bytes:
    return events_of(source) if stream else json_of(source)


# -- encodings --------------------------------------------------------------------------------------


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


def of_package(package: str) -> Callable[[bytes], bytes]:
    """Return the ``compress`` of a package that httpx2 uses where it is installed."""

    def compress(body: bytes) -> bytes:
        pytest.importorskip(package)
        compressed: bytes = importlib.import_module(package).compress(body)
        return compressed

    return compress


ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "none": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "capitals": ("GZIP", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", of_package("brotli")),
    "zstd": ("zstd", of_package("backports.zstd")),
    "two": ("deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
    "a name that means nothing": ("utf-8", bytes),
}
"""Header and encoder of each encoding that httpx2 reads."""


# -- the server -------------------------------------------------------------------------------------


class Pieces(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that arrives in pieces; who iterates again gets the rest, as from a connection."""

    def __init__(self, body: bytes, size: int = 50) -> None:
        self._pieces = iter([body[at : at + size] for at in range(0, len(body), size)])

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def client_of(
    answer: Callable[[httpx2.Request], httpx2.Response], kind: str, *, is_read: bool = False
) -> Any:
    """Return a client of this kind; ``is_read``: its HTTP client reads each answer, as to log it."""
    transport = httpx2.MockTransport(answer)
    given: dict[str, Any] = {"base_url": "http://test", "api_key": "k", "max_retries": 0}
    if kind == "sync":
        hooks: Any = {"response": [lambda response: response.read()] if is_read else []}
        return OpenAI(http_client=httpx2.Client(transport=transport, event_hooks=hooks), **given)
    hooks = {"response": [httpx2.Response.aread] if is_read else []}
    return AsyncOpenAI(http_client=httpx2.AsyncClient(transport=transport, event_hooks=hooks), **given)


def answering(body: bytes, encoding: str, *, stream: bool) -> Callable[[httpx2.Request], httpx2.Response]:
    """Return what answers each request with this body, as it is."""
    headers = {"content-type": "text/event-stream" if stream else "application/json"}
    if encoding:
        headers["content-encoding"] = encoding
    return lambda _: httpx2.Response(200, headers=headers, stream=Pieces(body))


def create_of(client: Any, source: str, wrapper: str) -> Callable[..., Any]:
    """Return the method that begins a run, of a wrapper of the resource, which is made now."""
    client = client.copy()
    if source == "responses":
        return lambda **more: getattr(client.responses, wrapper).create(**ASK, **more)
    return lambda **more: getattr(client.beta.threads.runs, wrapper).create(**RUN_OF, **more)


# -- ways to read -----------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


async def parsed(response: Any) -> Any:
    return plain(await resolved(response.parse()))


async def parsed_stream(response: Any) -> Any:
    return [plain(event) for event in await drained(await resolved(response.parse()))]


async def raw_pieces(response: Any) -> Any:
    http = response.http_response
    return await drained(http.iter_raw() if hasattr(http.stream, "__iter__") else http.aiter_raw())


WAYS: dict[str, Callable[[Any], Any]] = {
    "json": lambda response: resolved(response.json()),
    "read": lambda response: resolved(response.read()),
    "text": lambda response: resolved(response.text()),
    "iter_lines": lambda response: drained(response.iter_lines()),
    "iter_bytes": lambda response: drained(response.iter_bytes()),
    "iter_raw": raw_pieces,
}
QUICK = {"json", "iter_lines", "parse"}
OF_BODIES = WAYS | {"parse": parsed}
OF_STREAMS = {name: way for name, way in WAYS.items() if name != "json"} | {"parse": parsed_stream}


def each_of(ways: dict[str, Any]) -> list[Any]:
    """Return the names of these ways as parameters; the rest is thoroughness."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in ways]


def check_stream(recorded: Captured) -> None:
    """Check that exactly one run was recorded, streamed to its end."""
    (run,) = recorded.runs
    assert (run.status, run.streamed, run.finished) == ("completed", True, True)
    assert len(recorded.of(RunCreated)) == 1
