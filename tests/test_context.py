"""Blocks of attributes: each undoes its own changes, in whatever order and wherever it is left."""

from __future__ import annotations

import asyncio
import contextvars
import datetime as dt
import decimal
import enum
import logging
import pathlib
import uuid
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import threadtrail
from threadtrail._guard import guard
from threadtrail.context import here
from threadtrail.events import TraceEnded
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from openai import OpenAI


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """After each test, nothing is in force any more."""
    guard.after_fork_in_child()  # what was logged lately by other tests would keep this from being logged
    yield
    assert (here().attributes.user_id, here().trace_id) == (None, None)


def user() -> str | None:
    return here().attributes.user_id


def reading(name: str) -> Generator[str | None, None, None]:
    """A generator that works for one user."""
    with threadtrail.attributes(user_id=name, tags=[name]):
        yield user()
        yield user()


# -- left in another order ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]])
def test_generators_that_are_read_side_by_side(order: list[int]) -> None:
    generators = [reading(name) for name in ("alice", "bob", "carol")]
    assert [next(generator) for generator in generators] == ["alice", "bob", "carol"]
    for place in order:
        generators[place].close()
    assert user() is None
    assert here().attributes.tags == ()


def test_what_is_left_is_what_is_still_open() -> None:
    outer, inner = threadtrail.attributes(user_id="alice", tags=["a"]), threadtrail.attributes(tags=["b"])
    with threadtrail.attributes(session_id="s"):
        outer.__enter__()
        inner.__enter__()
        assert here().attributes.tags == ("a", "b")
        outer.__exit__(None, None, None)
        assert (user(), here().attributes.tags, here().attributes.session_id) == (None, ("b",), "s")
        inner.__exit__(None, None, None)
        assert here().attributes.tags == ()


def test_traces_that_are_left_in_another_order_keep_their_own_errors(client: OpenAI) -> None:
    with capture() as captured:
        first, second = threadtrail.trace("first"), threadtrail.trace("second")
        first.__enter__()
        second.__enter__()
        error = ValueError("of the first")
        first.__exit__(ValueError, error, None)
        second.__exit__(None, None, None)
        ended = {event.name: event.error for event in captured.of(TraceEnded)}
    assert ended["second"] is None
    assert ended["first"] is not None
    assert ended["first"].message == "of the first"


def test_a_block_that_is_entered_twice() -> None:
    block = threadtrail.attributes(user_id="alice")
    with block:
        with threadtrail.attributes(user_id="bob"), block:
            assert user() == "alice"
        assert user() == "alice"


def test_leaving_what_was_never_entered_does_nothing() -> None:
    threadtrail.attributes(user_id="alice").__exit__(None, None, None)


# -- other contexts -------------------------------------------------------------------------------------


async def test_a_task_keeps_what_was_in_force_where_it_was_made() -> None:
    go_on = asyncio.Event()

    async def work() -> str | None:
        await go_on.wait()
        return user()

    with threadtrail.attributes(user_id="alice"):
        task = asyncio.create_task(work())
    go_on.set()
    assert (await task, user()) == ("alice", None)


def in_copies(generator: Iterator[Any]) -> list[Any]:
    """Read a generator as a thread pool does: each step in a new copy of the context."""
    steps, end = [], object()
    while (step := contextvars.copy_context().run(next, generator, end)) is not end:
        steps.append(step)
    return steps


def test_a_generator_that_a_pool_runs_says_once_that_it_lost_its_attributes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, logger="threadtrail"):
        for _ in range(3):
            assert in_copies(reading("alice")) == ["alice", None]
    (said,) = [
        text for text in map(logging.LogRecord.getMessage, caplog.records) if "another context" in text
    ]
    assert said.startswith("attributes(), trace() or tool(): a block was left in another context")
    assert said.endswith("Enter the block where the run begins")
    assert user() is None


def test_a_trace_that_is_left_elsewhere_ends_all_the_same(client: OpenAI) -> None:
    def work() -> Iterator[int]:
        with threadtrail.trace("work"):
            yield 1

    with capture() as captured:
        in_copies(work())
        assert [event.name for event in captured.of(TraceEnded)] == ["work"]


async def test_a_decorated_function_has_a_block_for_each_call() -> None:
    both = asyncio.Barrier(2)

    @threadtrail.trace("answer")
    async def answer() -> str | None:
        await both.wait()
        return here().trace_id

    assert len({*await asyncio.gather(answer(), answer())}) == 2


# -- values that raise, and values of any class -----------------------------------------------------------


class Raising:
    def __str__(self) -> NoReturn:
        raise RuntimeError("the session is closed")

    __repr__ = __str__


class Colour(enum.Enum):
    RED = "red"


MOMENT = dt.datetime(2026, 11, 28, 12, 30, tzinfo=dt.UTC)
IDENTITY = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (MOMENT, "2026-11-28T12:30:00+00:00"),
        (MOMENT.date(), "2026-11-28"),
        (IDENTITY, str(IDENTITY)),
        (decimal.Decimal("1.50"), "1.50"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (Colour.RED, "red"),
        (Raising(), "<Raising>"),
        ({"a", "b"} - {"b"}, ("a",)),
        ({Raising(): 1}, {"<Raising>": 1}),
        (3, 3),
    ],
)
def test_values_are_read_as_people_write_them(value: object, kept: object) -> None:
    with threadtrail.attributes(metadata={"value": value}):
        assert here().attributes.metadata["value"] == kept


@pytest.mark.parametrize(("value", "kept"), [(IDENTITY, str(IDENTITY)), (Raising(), "<Raising>"), (7, "7")])
def test_ids_names_and_tags_never_raise(value: Any, kept: str) -> None:
    with threadtrail.trace(value, user_id=value, session_id=value, tags=[value]):
        attributes = here().attributes
    assert (attributes.user_id, attributes.session_id, attributes.tags) == (kept, kept, (kept,))


def test_metadata_that_holds_itself() -> None:
    metadata: dict[str, Any] = {"name": "a"}
    metadata["itself"] = metadata
    metadata["list"] = [metadata, [metadata]]
    with threadtrail.attributes(metadata=metadata):
        assert here().attributes.metadata == {"name": "a", "itself": "…", "list": ("…", ("…",))}


def test_metadata_without_an_end_is_cut() -> None:
    deep: dict[str, Any] = {}
    wide: Any = "leaf"
    for _ in range(5_000):
        deep = {"deeper": deep}
        wide = [wide, wide]
    with threadtrail.attributes(metadata={"deep": deep, "wide": wide}):
        assert "…" in str(here().attributes.metadata)


class Lazy(dict[str, Any]):
    def items(self) -> NoReturn:
        raise RuntimeError("no connection")


def test_a_mapping_that_raises_is_left_out() -> None:
    with threadtrail.attributes(user_id="alice", metadata=Lazy(a=1)):
        assert (user(), dict(here().attributes.metadata)) == ("alice", {})
