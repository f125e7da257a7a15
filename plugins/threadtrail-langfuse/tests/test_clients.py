"""Beside the app's own Langfuse client: each gets exactly its own, and nothing of the app's changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langfuse import Langfuse, get_client, observe
from langfuse._client.resource_manager import LangfuseResourceManager
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, TraceIdRatioBased

import threadtrail
from langfuse_receiver import Receiver, credentials_of
from langfuse_stage import PUBLIC, SECRET
from threadtrail_langfuse import trace_id_for

if TYPE_CHECKING:
    from langfuse_stage import Stage


@observe(name="their work")
def their_work() -> str:
    return "done"


def mask(*, data: Any, **_: Any) -> Any:
    return data.replace("secret", "***") if isinstance(data, str) else data


def registered() -> dict[str, Any]:
    return dict(LangfuseResourceManager._instances)


def test_alone_it_leaves_no_client_and_no_global_provider_behind(stage: Stage) -> None:
    provider = otel_trace.get_tracer_provider()
    stage.trace()
    stage.run()
    assert stage.observations()
    assert registered() == {}
    assert otel_trace.get_tracer_provider() is provider


@pytest.mark.parametrize("when", ["before instrument", "after instrument", "after the first run"])
def test_the_apps_client_works_as_before_and_its_mask_holds_for_runs(stage: Stage, when: str) -> None:
    made: list[Langfuse] = []

    def make() -> None:
        made.append(Langfuse(mask=mask, environment="theirs"))

    if when == "before instrument":
        make()
    stage.trace()
    if when == "after instrument":
        make()
    stage.run("what is it?")
    stage.observations()
    if when == "after the first run":
        make()
    stage.run("a secret?")
    stage.observations()
    their_work()
    made[0].flush()
    stage.observations()

    assert get_client()._resources is made[0]._resources
    assert registered() == {PUBLIC: made[0]._resources}
    assert otel_trace.get_tracer_provider() is made[0]._resources.tracer_provider  # type: ignore[union-attr]  # has keys
    agents = stage.langfuse.of("agent")
    assert [agent.input for agent in agents] == ["what is it?", "a ***?"]
    assert agents[1].attributes["langfuse.environment"] == "theirs"
    theirs = stage.langfuse.observation("their work")
    assert theirs.output == "done"
    assert {each.trace_id for each in agents}.isdisjoint({theirs.trace_id})


def test_a_client_that_is_passed_in_says_where_runs_go(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as other:
        client = Langfuse(public_key="pk-lf-other", secret_key="sk-lf-other", base_url=other.url)
        monkeypatch.delenv("LANGFUSE_PUBLIC_KEY")
        stage.trace(client=client)
        stage.run()
        assert threadtrail.flush()
        assert {each.key for each in other.observations} == {"pk-lf-other"}
        assert credentials_of(other.requests[0]) == "pk-lf-other:sk-lf-other"
        assert stage.langfuse.requests == []
        assert registered() == {"pk-lf-other": client._resources}


def test_the_one_client_there_is_needs_no_variables(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY", "LANGFUSE_BASE_URL"):
        monkeypatch.delenv(name)
    Langfuse(public_key=PUBLIC, secret_key=SECRET, base_url=stage.langfuse.url)
    stage.trace()
    stage.run()
    assert stage.observations()


def test_a_second_key_does_not_switch_the_apps_client_off(stage: Stage) -> None:
    with Receiver() as other:
        mine = Langfuse()
        stage.trace(public_key="pk-lf-other", secret_key="sk-lf-other", base_url=other.url)
        stage.run()
        their_work()
        mine.flush()
        assert threadtrail.flush()
        assert [each.name for each in stage.langfuse.observations] == ["their work"]
        assert "Math Tutor" in [each.name for each in other.observations]
        assert {each.key for each in other.observations} == {"pk-lf-other"}
        assert registered() == {PUBLIC: mine._resources}


def test_a_global_provider_with_another_exporter_gets_only_its_own(stage: Stage) -> None:
    elsewhere = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(elsewhere))
    otel_trace.set_tracer_provider(provider)
    langfuse = Langfuse()
    stage.trace()
    with otel_trace.get_tracer("their app").start_as_current_span("request"):
        stage.run()
    their_work()
    langfuse.flush()
    stage.observations()
    assert [span.name for span in elsewhere.get_finished_spans()] == ["request", "their work"]
    assert otel_trace.get_tracer_provider() is provider
    assert stage.langfuse.one("agent").key == stage.langfuse.observation("their work").key == PUBLIC
    assert not [each for each in stage.langfuse.observations if each.name == "request"]


def test_the_apps_client_may_be_shut_down_before_the_last_run(stage: Stage) -> None:
    langfuse = Langfuse()
    stage.trace()
    stage.run()
    langfuse.shutdown()
    langfuse._resources.tracer_provider.shutdown()  # type: ignore[union-attr]  # what its exit handler does
    assert stage.observations()
    assert stage.langfuse.one("agent").key == PUBLIC


def test_the_apps_sampler_decides_about_runs_too(stage: Stage) -> None:
    Langfuse(tracer_provider=TracerProvider(sampler=ALWAYS_OFF))
    stage.trace()
    stage.run()
    assert stage.observations() == []
    assert threadtrail.status().exporters["langfuse"].failed == 0


def test_the_sample_rate_of_langfuse_is_heeded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_SAMPLE_RATE", "0.0")
    stage.trace()
    stage.run()
    assert stage.observations() == []


def test_samplers_and_limits_of_others_are_not(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5")
    stage.trace()
    stage.run("a question that is longer than five letters")
    stage.observations()
    assert stage.langfuse.one("agent").input == "a question that is longer than five letters"


def test_the_key_of_another_vendor_is_not_sent_to_langfuse(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-vendor-key=of-another-vendor")
    stage.trace()
    stage.run()
    assert stage.observations()
    assert b"of-another-vendor" not in stage.langfuse.wire


def test_headers_that_the_app_gave_its_client_are_sent(stage: Stage) -> None:
    Langfuse(additional_headers={"x-tenant": "acme"})
    stage.trace()
    stage.run()
    assert stage.observations()
    assert {request.headers["x-tenant"] for request in stage.langfuse.requests} == {"acme"}


def test_an_exporter_that_the_app_gave_its_client_gets_the_runs(stage: Stage) -> None:
    memory = InMemorySpanExporter()
    Langfuse(span_exporter=memory)
    stage.trace()
    stage.run()
    assert stage.observations() == []
    assert "Math Tutor" in [span.name for span in memory.get_finished_spans()]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("LANGFUSE_TRACING_ENABLED", "LANGFUSE_TRACING_ENABLED is false"),
        ("OTEL_SDK_DISABLED", "OTEL_SDK_DISABLED is true, which switches off OpenTelemetry's SDK"),
        ("client", "the app's Langfuse client is switched off"),
    ],
)
def test_switched_off_means_nothing_is_sent_and_nothing_counts_as_delivered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, how: str, reason: str
) -> None:
    if how == "client":
        Langfuse(tracing_enabled=False)
    else:
        monkeypatch.setenv(how, "false" if how == "LANGFUSE_TRACING_ENABLED" else "true")
    stage.trace()
    stage.run()
    assert threadtrail.flush()
    assert stage.langfuse.requests == []
    lane = threadtrail.status().exporters["langfuse"]
    assert (lane.delivered, lane.failed) == (0, 0)
    assert lane.dropped > 0
    assert str(lane.switched_off).startswith(reason)


def test_a_sampled_out_run_is_below_the_rate_of_the_apps_client(stage: Stage) -> None:
    Langfuse(sample_rate=0.5)
    stage.trace()
    sampler = TraceIdRatioBased(0.5)
    runs = [stage.run(look=False) for _ in range(8)]
    kept = {each.metadata["run_id"] for each in stage.observations() if each.type == "agent"}
    expected = {
        run.id
        for run in runs
        if sampler.should_sample(None, int(trace_id_for(run.id), 16), "run").decision
        is Decision.RECORD_AND_SAMPLE
    }
    assert kept == expected
