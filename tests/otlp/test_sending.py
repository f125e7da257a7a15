"""Batches: whether each was taken, why not, and what stays out of the log."""

from __future__ import annotations

import logging
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("requests")

from requests import ConnectionError as RequestsConnectionError

from threadtrail.otlp.sending import BatchSender, captured_log, counted
from threadtrail.otlp.session import Answer, OtlpSession

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("an.otlp.exporter")


class Result(Enum):
    SUCCESS = 0
    FAILURE = 1


class Exporter:
    """Does with a batch what the test says."""

    def __init__(self, export: Callable[[Any], Any]) -> None:
        self.export = export
        self.closed = False

    def shutdown(self) -> None:
        self.closed = True


def fail(_batch: Any) -> Result:
    logger.error("first")
    logger.warning("again")
    logger.error("last")
    return Result.FAILURE


def test_a_batch_that_is_taken() -> None:
    sender = BatchSender(Exporter(lambda _batch: Result.SUCCESS), logger=logger)
    assert sender.send([1])


def test_the_exporters_words_are_the_reason_and_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    sender = BatchSender(Exporter(fail), logger=logger)
    assert not sender.send([1])
    assert sender.reason == "first last"
    assert caplog.records == []
    assert logger.filters == []


def test_without_its_logger_they_stay_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    sender = BatchSender(Exporter(fail))
    assert not sender.send([1])
    assert sender.reason == ""
    assert len(caplog.records) == 3


def test_the_backends_answer_is_the_better_reason() -> None:
    session = OtlpSession()

    def refused(batch: Any) -> Result:
        session.answer = Answer(401, "Unauthorized")
        return fail(batch)

    sender = BatchSender(Exporter(refused), session, logger=logger)
    assert not sender.send([1])
    assert sender.reason == "HTTP 401 Unauthorized"


def test_an_old_answer_is_not_the_reason() -> None:
    session = OtlpSession()
    session.answer = Answer(200, "OK")
    sender = BatchSender(Exporter(fail), session, logger=logger)
    assert not sender.send([1])
    assert sender.reason == "first last"


def test_an_error_of_requests_is_a_batch_that_was_not_taken() -> None:
    def broken(_batch: Any) -> Result:
        raise RequestsConnectionError("quotes a secret")

    sender = BatchSender(Exporter(broken), logger=logger)
    assert not sender.send([1])
    assert sender.reason == "ConnectionError"


def test_another_error_is_raised_with_the_reason_known() -> None:
    def broken(_batch: Any) -> Result:
        logger.error("it broke")
        raise ValueError("no batch")

    sender = BatchSender(Exporter(broken), logger=logger)
    with pytest.raises(ValueError, match="no batch"):
        sender.send([1])
    assert sender.reason == "it broke"
    assert logger.filters == []


def test_closing_closes_the_exporter() -> None:
    exporter = Exporter(fail)
    BatchSender(exporter).close()
    assert exporter.closed


def test_other_threads_may_log_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    messages: list[str] = []
    with captured_log(logger, messages):
        thread = threading.Thread(target=logger.warning, args=("from elsewhere",))
        thread.start()
        thread.join()
        logger.warning("from here")
    assert messages == ["from here"]
    assert [record.getMessage() for record in caplog.records] == ["from elsewhere"]


@pytest.mark.parametrize(("number", "text"), [(0, "0 spans"), (1, "1 span"), (2, "2 spans")])
def test_counting(number: int, text: str) -> None:
    assert counted(number, "span") == text
