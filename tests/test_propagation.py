"""``propagate=["asgi"]`` in one process; real servers, Celery and RQ are in tests/servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

import threadtrail
from threadtrail.carrying.baggage import read_baggage
from threadtrail.context import here
from threadtrail.servers import propagation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

PARENT = f"00-{'1' * 32}-{'2' * 16}-01"
ORIGINAL = Starlette.__call__
BLOCKS = "blocks"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    threadtrail.uninstrument()
    assert Starlette.__call__ is ORIGINAL


async def carrier(_request: Request) -> JSONResponse:
    return JSONResponse(threadtrail.carrier() | {BLOCKS: str(depth())})


def depth() -> int:
    """How many blocks of threadtrail are around this."""
    count, scope = 0, here()
    while scope.outer is not None:
        count, scope = count + 1, scope.outer
    return count


APP = Starlette(routes=[Mount("/inner", Starlette(routes=[Route("/", carrier)])), Route("/", carrier)])


async def get(path: str, *headers: tuple[str, str]) -> dict[str, Any]:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    await APP(scope, receive, send)
    answer: dict[str, Any] = json.loads(sent[-1]["body"])
    return answer


def instrument(*names: Any) -> None:
    threadtrail.instrument(exporters=[], propagate=names)


@pytest.mark.parametrize("path", ["/", "/inner/"])
async def test_a_request_goes_on_once(path: str) -> None:
    instrument("asgi")
    answer = await get(path, ("TraceParent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2"))
    assert (answer["traceparent"], answer[BLOCKS]) == (PARENT, "1")
    assert '"state":"a=1,b=2"' in answer["threadtrail"]
    assert await get(path) == {BLOCKS: "0"}


@pytest.mark.parametrize(
    "header", [("traceparent", "00-1"), ("baggage", "é=\xff"), ("baggage", "a"), ("threadtrail", "[" * 900)]
)
async def test_what_is_malformed_is_ignored(header: tuple[str, str]) -> None:
    instrument("asgi")
    assert await get("/", header) == {BLOCKS: "0"}


async def test_by_default_nothing_is_taken_from_requests() -> None:
    instrument()
    assert await get("/", ("traceparent", PARENT)) == {BLOCKS: "0"}
    assert propagation.watching.undo == {}


async def test_what_is_no_longer_asked_for_is_undone() -> None:
    instrument("asgi")
    threadtrail.instrument(exporters=[], propagate=["rq"])
    assert Starlette.__call__ is ORIGINAL


def test_baggage() -> None:
    assert read_baggage("a=1;meta=x, b = caf%C3%A9 ") == {"a": "1", "b": "café"}
    assert read_baggage(None) == read_baggage("a") == read_baggage("a=" + "x" * 9000) == {}
