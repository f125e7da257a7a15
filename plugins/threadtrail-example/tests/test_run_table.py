"""Tests the way from a run of the real client to a row of the file, and the rules for every exporter."""

import csv
from pathlib import Path

import pytest
from openai import OpenAI

import threadtrail
from threadtrail.testing import ExporterConformance, OpenAIServer
from threadtrail.testing.server import Failed, Message, RunScript, Usage
from threadtrail_example import RunTable


def rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestConformance(ExporterConformance):
    @pytest.fixture
    def exporter(self, tmp_path: Path) -> RunTable:
        self.path = tmp_path / "runs.csv"
        return RunTable(path=self.path)

    def delivered(self) -> list[str]:
        """The id of each run that arrived, once per arrival."""
        return [row["run"] for row in rows(self.path)]


def ask(server: OpenAIServer, model: str) -> None:
    with OpenAI(base_url=server.base_url, api_key="any") as client:
        client.responses.create(model=model, input="3x + 11 = 14")


def test_each_run_is_a_row(openai_server: OpenAIServer, tmp_path: Path) -> None:
    options = {"path": tmp_path / "runs.csv", "prices": {"gpt-4o": (2.5, 10.0)}}
    with threadtrail.instrument(exporters={"run-table": options}):
        openai_server.script_next(RunScript(Message("x = 1", usage=Usage(1_000, 200))))
        ask(openai_server, "gpt-4o")
        openai_server.script_next(RunScript(end=Failed("rate_limit_exceeded", "Too many.")))
        ask(openai_server, "gpt-4o-mini")
    completed, failed = rows(tmp_path / "runs.csv")
    assert (completed["model"], failed["model"]) == ("gpt-4o", "gpt-4o-mini")
    assert (completed["status"], failed["status"]) == ("completed", "failed")
    assert (completed["input_tokens"], completed["output_tokens"]) == ("1000", "200")
    assert (completed["cost"], failed["cost"]) == ("0.0045", "")  # no price is known for the second
