"""Options: given, or from the native SDK's variables; errors are reported at the start, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

import threadtrail
from threadtrail_agentops import AgentOpsExporter
from threadtrail_agentops.options import Options, resolve


def test_without_a_key_instrument_says_which_variable_to_set() -> None:
    with pytest.raises(threadtrail.ConfigurationError, match="AGENTOPS_API_KEY"):
        threadtrail.instrument(exporters=["agentops"])


def test_the_variables_of_the_native_sdk_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "API_KEY": "key",
        "API_ENDPOINT": "https://api.example.com/",
        "EXPORTER_ENDPOINT": "https://otlp.example.com/v1/traces",
        "DEFAULT_TAGS": "a, b,",
        "TRACE_NAME": "lessons",
        "ENVIRONMENT": "staging",
    }.items():
        monkeypatch.setenv(f"AGENTOPS_{name}", value)
    target = resolve(Options())
    assert target.api_key == "key"
    assert target.token_url == "https://api.example.com/v3/auth/token"
    assert target.exporter_endpoint == "https://otlp.example.com/v1/traces"
    assert (target.tags, target.trace_name, target.environment) == (("a", "b"), "lessons", "staging")


def test_what_is_given_wins_over_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTOPS_API_KEY", "theirs")
    monkeypatch.setenv("AGENTOPS_DEFAULT_TAGS", "theirs")
    target = resolve(Options(api_key="ours", tags=[]))
    assert (target.api_key, target.tags) == ("ours", ())
    assert target.token_url == "https://api.agentops.ai/v3/auth/token"
    assert target.exporter_endpoint == "https://otlp.agentops.ai/v1/traces"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("native_instrumentation", "remove", "choose one of warn, unwrap"),
        ("tags", "beta", "pass a list"),
        ("endpoint", "api.agentops.ai", "give the whole address"),
        ("exporter_endpoint", "otlp", "give the whole address"),
        ("timeout", 0, "above 0"),
        ("retry_seconds", -1, "0 or more"),
    ],
)
def test_a_bad_value_is_refused(option: str, value: Any, words: str) -> None:
    with pytest.raises(threadtrail.ConfigurationError, match=f"{option}=.*{words}"):
        AgentOpsExporter(**{option: value})


def test_a_bad_address_in_a_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTOPS_API_KEY", "key")
    monkeypatch.setenv("AGENTOPS_API_ENDPOINT", "api.agentops.ai")
    with pytest.raises(threadtrail.ConfigurationError, match=r"AGENTOPS_API_ENDPOINT='api\.agentops\.ai'"):
        AgentOpsExporter().start()
