"""Four processes and no collector: with a carrier, one run in one trace, with all that its creator knew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("opentelemetry.sdk")

from fleet.backends import Backends
from fleet.layout import play
from fleet.trees import trees
from layered.environments import environment_of
from threadtrail.testing import OtlpReceiver

if TYPE_CHECKING:
    from pathlib import Path

    from fleet.layout import Api
    from threadtrail.testing import AssistantsServer
    from threadtrail.testing.otlp import ReceivedSpan

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("api", ["assistants", "responses"])
def test_one_run_in_one_trace(api: Api, server: AssistantsServer, tmp_path: Path) -> None:
    python = str(environment_of("agentops").python)
    with Backends(tmp_path) as backends:
        ids = play(api, server, backends.environment, python=python)
        # Nobody but the web process knows the assistant's name.
        backends.check(api, ids, assistant=None)


def test_with_spans_of_its_own_in_each_process(server: AssistantsServer) -> None:
    with OtlpReceiver() as collector:
        environment = {"THREADTRAIL_EXPORTERS": "opentelemetry", "FLEET_SPANS": collector.url}
        play("responses", server, {**environment, "OTEL_METRICS_EXPORTER": "none"})
        spans = collector.spans
    # The app's own provider chooses ids by itself. So what the other processes see is below the span that
    # was active where the carrier was made, and beside that of the `trace()`.
    web = spans_of(spans, "web")
    assert (
        trees(web)
        == """
web
  invoke_agent
    chat gpt-4o
    chat gpt-4o
    execute_tool solve
  math tutor
"""
    )
    assert {span.trace_id for span in spans if span.name in {"worker", "tools", "webhook"}}.isdisjoint(
        {web[0].trace_id}
    )
    worker = spans_of(spans, "worker")[0]
    assert (worker.trace_id, worker.span_id) in next(s for s in web if s.name == "invoke_agent").links


def spans_of(spans: list[ReceivedSpan], root: str) -> list[ReceivedSpan]:
    """Return the spans of the trace that has this root."""
    (trace_id,) = [span.trace_id for span in spans if span.name == root]
    return [span for span in spans if span.trace_id == trace_id]
