"""The code of the exporter's page and of the README runs unchanged, and does what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from doc_blocks import DOCS, ROOT, accept_file, blocks, name_of, run_programs

import threadtrail
from threadtrail.testing import wait_until
from threadtrail_langfuse import trace_id_for

if TYPE_CHECKING:
    from langfuse_stage import Stage
    from threadtrail.testing.http_receiver import ReceivedRequest

PAGE = DOCS / "exporters" / "langfuse.md"
PLUGIN_README = ROOT / "plugins" / "threadtrail-langfuse" / "README.md"


@pytest.fixture
def app(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The environment of the reader: the SDK's variables point to the server, the folder is empty."""
    monkeypatch.setenv("OPENAI_BASE_URL", stage.server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    monkeypatch.chdir(tmp_path)
    return stage


@pytest.mark.parametrize("page", [PAGE, PLUGIN_README], ids=name_of)
def test_the_one_line_sends_a_run(page: Path, app: Stage) -> None:
    first, *_ = blocks(page, "python")
    exec(compile(first, page.name, "exec"), {})  # noqa: S102 - our own page
    app.run()
    assert threadtrail.flush()
    assert app.langfuse.one("agent").name == "Math Tutor"


def test_the_programs_of_the_page_score_a_run_and_link_a_prompt(app: Stage) -> None:
    names = run_programs(PAGE)
    assert threadtrail.flush()
    names["get_client"]().flush()
    (score,) = scores(app)
    assert trace_id_for(names["run_id"]).encode() in score.body
    generation = app.langfuse.one("generation")
    assert generation.attributes["langfuse.observation.prompt.name"] == "math-tutor"
    assert generation.attributes["langfuse.observation.prompt.version"] == 3


def scores(app: Stage) -> list[ReceivedRequest]:
    """The requests with scores; versions of the SDK send them to different paths, from a thread."""
    wait_until(lambda: any(b'"helpful"' in request.body for request in app.langfuse.requests))
    return [request for request in app.langfuse.requests if b'"helpful"' in request.body]


@pytest.mark.parametrize("text", blocks(PAGE, "toml"))
def test_files_are_accepted(text: str, app: Stage) -> None:
    accept_file(text, Path.cwd())
