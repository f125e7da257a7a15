"""The format of a carrier: never too long, read strictly, and a stranger's pair changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from threadtrail._frozen import freeze
from threadtrail.carrying.pairs import parse, split, write
from threadtrail.carrying.w3c import read_traceparent, read_tracestate
from threadtrail.values import Attributes, Carried

PARENT = f"00-{'1' * 32}-{'2' * 16}-01"
SECOND = 1_000_000_000
WHOLE = Carried(
    traceparent=PARENT,
    tracestate="vendor=a,other=b",
    trace_id="a" * 32,
    trace_name="math",
    outermost_trace_id="b" * 32,
    around="1" * 32,
    attributes=Attributes(
        user_id="u1",
        session_id="s1",
        tags=("beta", "élan"),
        metadata=freeze({"plan": "pro", "seats": [1, 2]}),
    ),
    made_at=1_764_000_000 * SECOND,
)
TEXTS = st.text(max_size=600)

on_any_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Hypothesis takes a busy machine for a slow test."""


def test_what_is_written_is_read_back() -> None:
    pairs = write(WHOLE)
    assert list(pairs) == ["traceparent", "threadtrail"]
    assert parse(pairs) == WHOLE
    assert all(value.isascii() for value in pairs.values()), "it fits into the headers of a message"


def test_a_number_that_json_does_not_have_costs_the_metadata_alone() -> None:
    odd = Attributes(user_id="u1", metadata=freeze({"score": float("nan")}))
    read = parse(write(replace(WHOLE, attributes=odd)))
    assert read == replace(WHOLE, attributes=Attributes(user_id="u1"))


def test_there_is_no_pair_if_there_is_nothing_to_carry() -> None:
    assert write(Carried(made_at=SECOND)) == {}


@on_any_machine
@given(
    st.builds(
        Attributes,
        user_id=st.none() | TEXTS,
        session_id=st.none() | TEXTS,
        tags=st.lists(TEXTS, max_size=20).map(freeze),
        metadata=st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS, max_size=9).map(freeze),
    ),
    TEXTS,
    st.sampled_from([None, "vendor=" + "x" * 200, ",".join(f"v{number}=x" for number in range(32))]),
)
@example(Attributes(), "\U0001f600" * 600, None)
def test_it_is_never_too_long_and_never_wrong(attributes: Attributes, name: str, state: str | None) -> None:
    whole = replace(WHOLE, attributes=attributes, trace_name=name, tracestate=state)
    pairs = write(whole)
    assert len(pairs) == 2
    assert all(len(key) <= 64 and len(value) <= 512 for key, value in pairs.items())
    read = parse(pairs)
    assert read is not None
    assert (read.traceparent, read.trace_id, read.around) == (PARENT, whole.trace_id, whole.around)
    assert freeze(name).startswith(read.trace_name)
    order = ["metadata", "tags", "user_id", "session_id"]
    missing = [
        field for field in order if getattr(read.attributes, field) != freeze(getattr(attributes, field))
    ]
    given_fields = [field for field in order if getattr(attributes, field) not in (None, (), {})]
    assert missing == given_fields[: len(missing)], "what is left out is the first of these"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        PARENT.upper().replace("1", "A"),
        f"00-{'0' * 32}-{'2' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        f"ff-{'1' * 32}-{'2' * 16}-01",
        f"{PARENT}-more",
        f"00-{'1' * 31}-{'2' * 16}-01",
        f"00-{chr(0x661) * 32}-{'2' * 16}-01",
        f"{PARENT}\n",
        f"01-{'1' * 32}-{'2' * 16}-01-{'x' * 600}",
        None,
        7,
        ["00"],
    ],
)
def test_a_malformed_parent_is_none(text: Any) -> None:
    assert read_traceparent(text) is None
    assert split(freeze({"traceparent": text, "mine": "x"})) == (
        None,
        freeze({"traceparent": text, "mine": "x"}),
    )


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert read_traceparent(f"cc-{'1' * 32}-{'2' * 16}-03-what-comes") == PARENT


@pytest.mark.parametrize(
    "text", ["", ",", "a", "=b", "a=b,a=c", "A=b", "a=b\x00", "a=é", "a=" + "b" * 600, 3]
)
def test_a_malformed_state_is_none(text: Any) -> None:
    assert read_tracestate(text) is None
    carried = parse({"traceparent": PARENT, "tracestate": text})
    assert carried == Carried(traceparent=PARENT)


STRANGE: list[Any] = [
    "",
    "x",
    "[]",
    "1",
    "{}",
    '{"v":2,"user":"u"}',
    '{"v":true}',
    '{"v":1,"x":NaN}',
    "[" * 512,
    '{"v":1' + " " * 600 + "}",
    '{"v":1,"user":"é"}',
    None,
    7,
    {"v": 1},
]


@pytest.mark.parametrize("text", STRANGE)
def test_a_strangers_pair_is_ignored_and_left_where_it_is(text: Any) -> None:
    metadata = freeze({"threadtrail": text, "mine": "x"})
    assert parse(metadata) is None
    assert split(metadata) == (None, metadata)


@pytest.mark.parametrize("value", [None, 7, [], {}, "", "0" * 32, "A" * 32, "x" * 32, True])
@pytest.mark.parametrize("key", ["trace", "outermost", "around", "name", "state", "tags", "metadata", "at"])
def test_what_is_wrong_in_ours_is_left_out(key: str, value: Any) -> None:
    pairs = {"threadtrail": json.dumps({"v": 1, "trace": "c" * 32, "user": "u1", key: value})}
    carried = parse(pairs)
    assert carried is not None
    assert carried.attributes.user_id == "u1"
    assert carried.trace_id in {None, "c" * 32}
    if key != "name" or not isinstance(value, str):
        assert carried.trace_name is None
    assert carried.made_at is None or value == 7


@on_any_machine
@given(
    st.dictionaries(st.sampled_from(["traceparent", "tracestate", "threadtrail"]), st.text() | st.binary())
)
def test_nothing_that_stands_there_raises(pairs: dict[str, Any]) -> None:
    carried, rest = split(freeze(pairs))
    assert (carried is None) == (rest == freeze(pairs))


def test_the_pairs_are_taken_out_of_the_metadata_and_no_others() -> None:
    metadata = freeze({**write(WHOLE), "tracestate": "a=b", "mine": "x"})
    assert split(metadata) == (replace(WHOLE, tracestate="a=b"), freeze({"mine": "x"}))
    assert split(freeze({"mine": "x"})) == (None, freeze({"mine": "x"}))
    assert split(freeze({"tracestate": "a=b"})) == (None, freeze({"tracestate": "a=b"}))
    assert split(None) == (None, None)
