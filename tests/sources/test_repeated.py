"""The request of an assistant's runs is read once, as long as it stays the same."""

from __future__ import annotations

from typing import Any

import pytest

from threadtrail.sources.openai_assistants import values as assistants
from threadtrail.sources.openai_responses import requests as responses
from threadtrail.sources.repeated import Repeated

Json = dict[str, Any]


class Watched(dict[str, Any]):
    """A dict that remembers which fields were looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(key)
        return default


def test_the_request_of_a_run_depends_on_the_fields_that_are_compared() -> None:
    run, sent = Watched(), Watched()
    assistants.run_request(run, sent)
    assert run.seen == set(assistants.REQUEST_FIELDS)
    assert sent.seen == set(assistants.SENT_FIELDS)


def test_the_request_of_a_response_depends_on_the_fields_that_are_compared() -> None:
    response, sent = Watched(), Watched()
    responses.run_request(response, sent)
    assert response.seen == set(responses.FIELDS)
    assert sent.seen == set(responses.SENT_FIELDS)


def test_a_response_that_follows_another_has_the_same_request() -> None:
    requests = responses.Requests()
    first = requests.read({"model": "gpt-4o", "instructions": "Be kind."}, {})
    second = requests.read(
        {"model": "gpt-4o", "instructions": "Be kind.", "previous_response_id": "resp_1"}, {}
    )
    assert (first.previous_response_id, second.previous_response_id) == (None, "resp_1")
    assert second.instructions is first.instructions


def read(data: Json, sent: Json) -> tuple[Any, Any]:
    return data.get("model"), sent.get("stream")


@pytest.fixture
def repeated() -> Repeated[tuple[Any, Any]]:
    return Repeated(read, fields=("model",), sent=("stream",))


def test_what_is_the_same_is_one_value(repeated: Repeated[tuple[Any, Any]]) -> None:
    first = repeated.read("asst_1", {"model": "gpt-4o", "id": "run_1"}, {})
    assert repeated.read("asst_1", {"model": "gpt-4o", "id": "run_2"}, {}) is first


def test_a_change_on_either_side_is_seen(repeated: Repeated[tuple[Any, Any]]) -> None:
    assert repeated.read("asst_1", {"model": "gpt-4o"}, {}) == ("gpt-4o", None)
    assert repeated.read("asst_1", {"model": "gpt-5"}, {}) == ("gpt-5", None)
    assert repeated.read("asst_1", {"model": "gpt-5"}, {"stream": True}) == ("gpt-5", True)
    assert repeated.read("asst_1", {}, {"stream": True}) == (None, True)


def test_each_kind_has_a_latest_one(repeated: Repeated[tuple[Any, Any]]) -> None:
    first = repeated.read("asst_1", {"model": "gpt-4o"}, {})
    repeated.read("asst_2", {"model": "gpt-5"}, {})
    assert repeated.read("asst_1", {"model": "gpt-4o"}, {}) is first


def test_what_is_forgotten_for_lack_of_room_is_read_again(repeated: Repeated[tuple[Any, Any]]) -> None:
    first = repeated.read("asst_1", {"model": "gpt-4o"}, {})
    repeated.shrink(0, lambda _kept: 1)
    again = repeated.read("asst_1", {"model": "gpt-4o"}, {})
    assert again == first
    assert again is not first
