"""The address of a trace: the project that the exporter sends to, asked for once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from langfuse import Langfuse

import threadtrail
from langfuse_receiver import PROJECTS, Receiver
from langfuse_stage import PUBLIC, SECRET
from threadtrail_langfuse import trace_id_for, trace_url, trace_urls

if TYPE_CHECKING:
    from langfuse_stage import Stage


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    trace_urls.use(None)


def test_it_is_that_of_the_sdk_and_the_project_is_asked_for_once(stage: Stage) -> None:
    stage.trace()
    run = stage.run()
    stage.observations()
    expected = f"{stage.langfuse.url}/project/p/traces/{stage.langfuse.one('agent').trace_id}"
    assert [trace_url(run.id) for _ in range(3)] == [expected] * 3
    assert len(stage.langfuse.to(PROJECTS)) == 1
    client = Langfuse()
    assert client.get_trace_url(trace_id=trace_id_for(run.id)) == expected


def test_it_is_that_of_the_account_which_the_exporter_was_given(stage: Stage) -> None:
    with Receiver() as other:
        stage.trace(public_key="pk-lf-other", secret_key="sk-lf-other", base_url=other.url)
        assert str(trace_url("run_1")).startswith(f"{other.url}/project/p/traces/")
        assert stage.langfuse.requests == []
        threadtrail.shutdown()
        assert str(trace_url("run_1")).startswith(f"{other.url}/project/p/traces/")


def test_without_an_exporter_the_variables_name_the_account(langfuse: Receiver) -> None:
    assert trace_url("run_1") == f"{langfuse.url}/project/p/traces/{trace_id_for('run_1')}"


def test_a_server_that_gives_no_project_is_not_asked_again_at_once(
    quiet_stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    quiet_stage.trace()
    quiet_stage.langfuse.missing.add(PROJECTS)
    assert [trace_url("run_1") for _ in range(3)] == [None] * 3
    assert len(quiet_stage.langfuse.to(PROJECTS)) == 1
    assert "trace_url(): returned None" in caplog.text
    assert SECRET not in caplog.text


def test_without_keys_or_switched_off_there_is_none(
    langfuse: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGFUSE_TRACING_ENABLED", "false")
    assert trace_url("run_1") is None
    monkeypatch.delenv("LANGFUSE_TRACING_ENABLED")
    monkeypatch.delenv("LANGFUSE_SECRET_KEY")
    assert trace_url("run_1") is None
    assert langfuse.requests == []
    Langfuse(public_key=PUBLIC, secret_key=SECRET, base_url=langfuse.url)
    assert trace_url("run_1") is not None
