"""A recording that is replayed arrives as what was exported live: the same traces, with the same ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from replay_story import check_killed, killed_and_replayed, live, replayed

from threadtrail.testing import OtlpReceiver

if TYPE_CHECKING:
    from pathlib import Path

    from otel_stage import Stage


def test_a_replay_sends_what_was_sent_live(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    options = {"endpoint": stage.receiver.url, "message_content": "SPAN_ONLY", "thread_spans": True}
    live(stage.server, stage.client, "opentelemetry", options, tmp_path / "runs.jsonl")
    monkeypatch.setenv("THREADTRAIL_OPENTELEMETRY_MESSAGE_CONTENT", "SPAN_ONLY")
    monkeypatch.setenv("THREADTRAIL_OPENTELEMETRY_THREAD_SPANS", "true")
    with OtlpReceiver() as other:
        monkeypatch.setenv("THREADTRAIL_OPENTELEMETRY_ENDPOINT", other.url)
        replayed(tmp_path / "runs.jsonl", "opentelemetry")
        sent, again = ({span.span_id: span for span in each.spans} for each in (stage.receiver, other))
        assert len(sent) == len(stage.receiver.spans) == len(other.spans)
        assert again == sent
        assert not other.metrics
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
        replayed(tmp_path / "runs.jsonl", "opentelemetry", "--again")
        assert other.metrics


@pytest.mark.slow
def test_a_replay_that_was_killed_goes_on(
    receiver: OtlpReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADTRAIL_OPENTELEMETRY_ENDPOINT", receiver.url)
    count = killed_and_replayed(tmp_path / "runs.jsonl", "opentelemetry", receiver, lambda: receiver.spans)
    check_killed(count, spans_of_each=1)
