"""The recipes of the page on backends: each sends spans to the right path, with the right headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from doc_blocks import DOCS

from threadtrail.config.settings import Settings
from threadtrail.testing.samples import events_of, sample_runs
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from threadtrail.testing import OtlpReceiver

PAGE = DOCS / "guides" / "otlp-backends.md"
BASH = re.compile(r"^## (.+?)\n.*?^```bash\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RECIPES = dict(BASH.findall(PAGE.read_text(encoding="utf-8")))
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

EXPECTED = {
    "Arize Phoenix": ("http://localhost:6006", "/v1/traces", {}),
    "MLflow": ("http://localhost:5000", "/v1/traces", {"x-mlflow-experiment-id": "0"}),
    "Logfire": ("https://logfire-us.pydantic.dev", "/v1/traces", {"authorization": "your-write-token"}),
    "LangSmith": (
        "https://api.smith.langchain.com",
        "/otel/v1/traces",
        {"x-api-key": "your-api-key", "langsmith-project": "math-tutor"},
    ),
    "Opik": (
        "https://www.comet.com",
        "/opik/api/v1/private/otel/v1/traces",
        {"authorization": "your-api-key", "comet-workspace": "your-workspace", "projectname": "math-tutor"},
    ),
    "Braintrust": (
        "https://api.braintrust.dev",
        "/otel/v1/traces",
        {"authorization": "Bearer your-api-key", "x-bt-parent": "project_name:math-tutor"},
    ),
    "Datadog": (
        "https://otlp.datadoghq.com",
        "/v1/traces",
        {"dd-api-key": "your-api-key", "dd-otlp-source": "llmobs"},
    ),
}
"""By backend: its host, the path of traces there, and the headers, by their names in small letters."""


def variables(recipe: str) -> dict[str, str]:
    assert all(line.startswith("export ") for line in recipe.splitlines())
    pairs = [line.removeprefix("export ").partition("=") for line in recipe.splitlines()]
    return {name: value for name, _, value in pairs}


def test_no_recipe_is_left_out() -> None:
    assert set(RECIPES) == set(EXPECTED)


@pytest.mark.parametrize("backend", EXPECTED)
def test_it_sends_what_it_says(backend: str, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    host, path, headers = EXPECTED[backend]
    for name, value in variables(RECIPES[backend]).items():
        if name in ENDPOINTS:
            parts = urlsplit(value)
            assert f"{parts.scheme}://{parts.netloc}" == host
            value = receiver.url + parts.path  # noqa: PLW2901 - here, the receiver is that backend
        monkeypatch.setenv(name, value)
    exporter = OpenTelemetryExporter()
    exporter.start(Settings())
    events = [event for run in sample_runs().values() for event in events_of(run)]
    exporter.export(events, [None] * len(events))
    exporter.shutdown(5.0)
    traces = [request for request in receiver.requests if request.path.endswith("/v1/traces")]
    assert {request.path for request in traces} == {path}
    for request in traces:
        assert headers.items() <= {name.lower(): value for name, value in request.headers.items()}.items()
    assert receiver.named("chat gpt-5.2")
    metrics = any(request.path.endswith("/v1/metrics") for request in receiver.requests)
    assert metrics == (backend == "Logfire")


def test_phoenix_is_told_the_project(receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    named = variables(RECIPES["Arize Phoenix"])["OTEL_RESOURCE_ATTRIBUTES"]
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", named)
    exporter = OpenTelemetryExporter(endpoint=receiver.url)
    exporter.start(Settings())
    events = events_of(sample_runs()["plain_response"])
    exporter.export(events, [None] * len(events))
    exporter.shutdown(5.0)
    assert {span.resource["openinference.project.name"] for span in receiver.spans} == {"math-tutor"}
