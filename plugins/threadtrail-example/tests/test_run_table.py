"""Tests the way from a run of the real client to a row of the file, and the rules for every exporter."""

import csv
from pathlib import Path

import pytest
from openai import OpenAI

import threadtrail
from threadtrail.testing import AssistantsServer, ExporterConformance
from threadtrail.testing.server import Failed, Message, RunScript, Usage
from threadtrail_example import RunTable

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")


class TestConformance(ExporterConformance):
    @pytest.fixture
    def exporter(self, tmp_path: Path) -> RunTable:
        return RunTable(path=tmp_path / "runs.csv")


def ask(server: AssistantsServer, model: str) -> None:
    with OpenAI(base_url=server.base_url, api_key="any") as client:
        assistant = client.beta.assistants.create(name="Math Tutor", model=model)
        client.beta.threads.create_and_run_poll(assistant_id=assistant.id)


def test_each_run_is_a_row(assistants_server: AssistantsServer, tmp_path: Path) -> None:
    options = {"path": tmp_path / "runs.csv", "prices": {"gpt-4o": (2.5, 10.0)}}
    with threadtrail.instrument(exporters={"run-table": options}):
        assistants_server.script_next(RunScript(Message("x = 1", usage=Usage(1_000, 200))))
        ask(assistants_server, "gpt-4o")
        assistants_server.script_next(RunScript(end=Failed("rate_limit_exceeded", "Too many.")))
        ask(assistants_server, "gpt-4o-mini")
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        completed, failed = sorted(csv.DictReader(file), key=lambda row: row["status"])
    assert (completed["assistant"], completed["model"]) == ("Math Tutor", "gpt-4o")
    assert (completed["status"], failed["status"]) == ("completed", "failed")
    assert (completed["input_tokens"], completed["output_tokens"]) == ("1000", "200")
    assert (completed["cost"], failed["cost"]) == ("0.0045", "")  # no price is known for the second
