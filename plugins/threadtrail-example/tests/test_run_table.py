"""From a run of the real client to a row of the file, and what every exporter must keep to."""

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


def ask(server: AssistantsServer, model: str = "gpt-4o") -> None:
    with OpenAI(base_url=server.base_url, api_key="any") as client:
        assistant = client.beta.assistants.create(name="Math Tutor", model=model)
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "3x + 11 = 14"}])
        client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_run_is_a_row(assistants_server: AssistantsServer, tmp_path: Path) -> None:
    table = RunTable(path=tmp_path / "runs.csv", prices={"gpt-4o": (2.5, 10.0)})
    with threadtrail.instrument(exporters=[table]):
        assistants_server.script_next(RunScript(Message("x = 1", usage=Usage(1_000, 200))))
        ask(assistants_server)
        assistants_server.script_next(RunScript(end=Failed("rate_limit_exceeded", "Too many.")))
        ask(assistants_server, model="gpt-4o-mini")
    completed, failed = sorted(rows(table.path), key=lambda row: row["status"])
    assert completed["assistant"] == "Math Tutor"
    assert (completed["model"], failed["model"]) == ("gpt-4o", "gpt-4o-mini")
    assert (completed["input_tokens"], completed["output_tokens"]) == ("1000", "200")
    assert (completed["cost"], failed["cost"]) == ("0.0045", "")  # no price is known for the second


def test_options_from_the_environment(
    assistants_server: AssistantsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADTRAIL_RUN_TABLE_PATH", str(tmp_path / "table.csv"))
    with threadtrail.instrument(exporters=["run-table"]):
        ask(assistants_server)
    assert len(rows(tmp_path / "table.csv")) == 1
