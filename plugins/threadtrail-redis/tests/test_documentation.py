"""The code of the exporter's page and of the README runs unchanged, and does what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from doc_blocks import DOCS, ROOT, accept_file, blocks, name_of
from shared_fixtures import PATIENCE

import threadtrail
from stored import ended_runs
from test_appending import run_to_end

if TYPE_CHECKING:
    from openai import OpenAI

    from redis_server import RedisServer

PAGE = DOCS / "exporters" / "redis.md"
PLUGIN_README = ROOT / "plugins" / "threadtrail-redis" / "README.md"


@pytest.mark.parametrize("page", [PAGE, PLUGIN_README], ids=name_of)
def test_the_one_line_stores_a_run(page: Path, redis: RedisServer, client: OpenAI) -> None:
    first, *_ = blocks(page, "python")
    here = first.replace("redis://localhost:6379/0", redis.url)
    assert here != first
    exec(compile(here, page.name, "exec"), {})  # noqa: S102 - our own page
    run_to_end(client)
    assert threadtrail.flush(PATIENCE)
    assert len(ended_runs(redis)) == 1


@pytest.mark.parametrize("text", blocks(PAGE, "toml"))
def test_files_are_accepted(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    accept_file(text, Path.cwd())
