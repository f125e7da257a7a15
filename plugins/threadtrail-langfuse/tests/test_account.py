"""Keys and address: instrument() reports what is missing or wrong, with the names to set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langfuse import Langfuse

import threadtrail
from langfuse_stage import PUBLIC, SECRET
from threadtrail import ConfigurationError

if TYPE_CHECKING:
    from langfuse_receiver import Receiver
    from langfuse_stage import Stage

KEYS = ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY")


def refused(**options: Any) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        threadtrail.instrument(exporters={"langfuse": options})
    assert not threadtrail.status().active
    return str(refusal.value)


@pytest.mark.parametrize("missing", [("LANGFUSE_SECRET_KEY",), ("LANGFUSE_PUBLIC_KEY",), KEYS])
def test_missing_keys_are_named(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]) -> None:
    for name in missing:
        monkeypatch.delenv(name)
    words = refused()
    assert all(name in words for name in missing)
    assert all(name not in words for name in KEYS if name not in missing)


def test_an_empty_variable_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", " ")
    assert "LANGFUSE_SECRET_KEY" in refused()


def test_exchanged_keys_are_told_and_not_shown() -> None:
    words = refused(public_key=SECRET, secret_key=PUBLIC)
    assert "LANGFUSE_PUBLIC_KEY" in words
    assert "Swap them" in words
    assert SECRET not in words


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LANGFUSE_SAMPLE_RATE", "often"),
        ("LANGFUSE_SAMPLE_RATE", "2"),
        ("LANGFUSE_TIMEOUT", "2.5"),
        ("LANGFUSE_TIMEOUT", "0"),
        ("LANGFUSE_TIMEOUT", "-1"),
        ("LANGFUSE_FLUSH_AT", "abc"),
        ("LANGFUSE_FLUSH_AT", "0"),
        ("LANGFUSE_FLUSH_INTERVAL", "abc"),
        ("LANGFUSE_FLUSH_INTERVAL", "0"),
        ("LANGFUSE_FLUSH_INTERVAL", "nan"),
        ("LANGFUSE_FLUSH_INTERVAL", "inf"),
        ("LANGFUSE_MEDIA_UPLOAD_THREAD_COUNT", "abc"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-5"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0"),
        ("LANGFUSE_BASE_URL", "cloud.langfuse.com"),
    ],
)
def test_a_variable_that_cannot_be_right_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    words = refused()
    assert variable in words
    assert repr(value) in words


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_BSP_MAX_QUEUE_SIZE": "100"},
        {"OTEL_BSP_MAX_QUEUE_SIZE": "100", "LANGFUSE_FLUSH_AT": "101"},
        {"LANGFUSE_FLUSH_AT": "5000"},
        {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5000"},
    ],
)
def test_a_queue_that_is_smaller_than_a_batch_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    words = refused()
    assert "OTEL_BSP_MAX_QUEUE_SIZE" in words
    assert "LANGFUSE_FLUSH_AT" in words


WORKING = [
    {
        "LANGFUSE_SAMPLE_RATE": "",
        "LANGFUSE_TIMEOUT": "",
        "LANGFUSE_FLUSH_AT": "",
        "LANGFUSE_FLUSH_INTERVAL": "",
    },
    {"LANGFUSE_MEDIA_UPLOAD_THREAD_COUNT": "0", "LANGFUSE_FLUSH_AT": " 1 "},
    {"LANGFUSE_MEDIA_UPLOAD_THREAD_COUNT": ""},
    {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"},
    {"OTEL_BSP_MAX_QUEUE_SIZE": "many", "OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_BSP_EXPORT_TIMEOUT": "soon"},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT": "many", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "-1"},
    {"OTEL_ATTRIBUTE_COUNT_LIMIT": "3", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "none of these"},
    {"OTEL_TRACES_SAMPLER": "no such sampler"},
]


@pytest.mark.parametrize("variables", WORKING)
def test_whatever_else_the_variables_hold_all_of_a_run_arrives(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """In the SDK, an empty variable is a bad number, and a small queue drops what does not fit."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stage.trace()
    for _ in range(4):
        stage.run()
    assert [each.type for each in stage.observations()].count("agent") == 4
    assert len(stage.langfuse.observations) >= 12
    assert threadtrail.status().exporters["langfuse"].failed == 0


@pytest.mark.parametrize(
    ("option", "value"), [("environment", "Prod!"), ("environment", "langfuse-x"), ("timeout", 0)]
)
def test_an_option_that_cannot_be_right_is_named_with_its_value(option: str, value: Any) -> None:
    assert f"option {option} = {value!r} (keyword argument)" in refused(**{option: value})


def test_everything_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGFUSE_SECRET_KEY")
    words = refused(timeout=0, environment="Prod!")
    assert all(word in words for word in ("LANGFUSE_SECRET_KEY", "timeout = 0", "environment = 'Prod!'"))


def test_a_client_without_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    assert "LANGFUSE_PUBLIC_KEY" in refused(client=Langfuse())


def test_of_two_clients_one_must_be_named(monkeypatch: pytest.MonkeyPatch, langfuse: Receiver) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    for number in (1, 2):
        Langfuse(public_key=f"pk-lf-{number}", secret_key="sk-lf-x", base_url=langfuse.url)
    words = refused()
    assert "pk-lf-1, pk-lf-2" in words
    assert "LANGFUSE_PUBLIC_KEY" in words


def test_starting_opens_no_connection_and_makes_no_client(langfuse: Receiver) -> None:
    threadtrail.instrument(exporters=["langfuse"])
    assert threadtrail.flush()
    assert langfuse.requests == []
