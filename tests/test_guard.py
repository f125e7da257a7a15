from __future__ import annotations

import logging

import pytest

from threadtrail._guard import Guard, describe


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(text: str = "boom") -> None:
    raise ValueError(text)


def test_call_gives_the_result_or_the_default() -> None:
    guard = Guard()
    assert guard.call("adding", lambda a, b: a + b, 1, b=2) == 3
    assert guard.call("failing", fail) is None
    assert guard.call("failing", fail, default="instead") == "instead"
    assert guard.counts == {"failing": 2}


def test_a_block_is_contained() -> None:
    guard = Guard()
    with guard.contained("a block"):
        fail()
    assert guard.counts == {"a block": 1}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_the_users_passes(error: type[BaseException]) -> None:
    def leave() -> None:
        raise error

    guard = Guard()
    with pytest.raises(error):
        guard.call("leaving", leave)
    with pytest.raises(error), guard.contained("leaving"):
        leave()
    assert isinstance(guard.catch(leave, contain=BaseException)[1], error)


def test_one_line_per_interval_and_cause(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    guard = Guard(clock=clock)
    for _ in range(50):
        guard.call("reading a run", fail, "two\nlines")
        guard.call("reading a step", fail)
    clock.now = 19.9
    guard.call("reading a run", fail)
    assert [record.getMessage() for record in caplog.records] == [
        "reading a run: failed; the app is not affected (ValueError: two lines)",
        "reading a step: failed; the app is not affected (ValueError: boom)",
    ]
    clock.now = 20.0
    guard.call("reading a run", fail)
    assert caplog.records[-1].getMessage().endswith("(ValueError: boom) [52 times so far]")
    assert {record.name for record in caplog.records} == {"threadtrail"}


def test_the_traceback_comes_with_debug_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "threadtrail"):
        Guard().call("x", fail)
    with caplog.at_level(logging.DEBUG, "threadtrail"):
        Guard().call("x", fail)
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]


def test_a_log_that_raises_hurts_nobody() -> None:
    def refuse(record: logging.LogRecord) -> bool:
        raise RuntimeError("no log today")

    guard = Guard()
    logger = logging.getLogger("threadtrail")
    logger.addFilter(refuse)
    try:
        assert guard.call("x", fail, default=1) == 1
    finally:
        logger.removeFilter(refuse)
    assert guard.counts == {"x": 1}


def test_strict_keeps_the_errors_within_a_bound() -> None:
    guard = Guard()
    guard.call("x", fail)
    assert guard.errors == []
    guard.strict = True
    for _ in range(200):
        guard.call("x", fail)
    assert len(guard.errors) == 100
    assert isinstance(guard.errors[0], ValueError)


def test_describe_shows_no_login_of_an_address() -> None:
    said = "no answer  of ('redis://me:pa:ss@host:6379/0?token=1',\nhttps://host/path) or //me:pw"
    shown = "ValueError: no answer of ('redis://host:6379/0 https://host/path) or //me:pw"
    assert describe(ValueError(said)) == shown
    assert describe(OSError("http://me:pw@host:port/x")) == "OSError: http://host:port/x"


def test_describe_survives_a_foreign_str() -> None:
    class NastyError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe(NastyError()) == "NastyError"
    assert len(describe(ValueError("x" * 10_000))) <= 300


def test_a_forked_child_starts_from_nothing() -> None:
    guard = Guard()
    guard.call("x", fail)
    with guard._lock:  # another thread of the parent held it
        guard.after_fork_in_child()
        guard.call("y", fail)
        assert guard.counts == {"y": 1}
