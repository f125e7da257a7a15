"""A background response that one process creates and another one polls to its end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fork_server import fork_server
from threadtrail import shape
from threadtrail.events import Event, RunEnded
from threadtrail.testing import capture
from threadtrail.testing.server import RunScript, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer
    from threadtrail.values import Run

WORKER = """
import sys
import openai, threadtrail
address, identity, path = sys.argv[1:]
threadtrail.instrument(exporters={"jsonl": {"path": path}})
client = openai.OpenAI(base_url=address, api_key="sk-local")
while client.responses.retrieve(identity).status in {"queued", "in_progress"}:
    pass
"""


def ended(lines: list[str]) -> list[Run]:
    events = [Event.from_json(line) for line in lines]
    return [event.run for event in events if isinstance(event, RunEnded)]


def test_whoever_sees_the_end_publishes_it(client: OpenAI, server: AssistantsServer, tmp_path: Path) -> None:
    server.script(RunScript("x", polls=5, usage=Usage(100, 20)))
    path = tmp_path / "worker.jsonl"
    with capture() as captured:
        begun = client.responses.create(model="gpt-4o", input="hi", background=True)
        command = ["-c", WORKER, server.base_url, begun.id, str(path)]
        done = fork_server().run(command, cwd=tmp_path, env=os.environ, timeout=240)
        assert done.returncode == 0, done.stderr
        assert captured.of(RunEnded) == []
    (here,) = [event.run for event in captured.of(RunEnded)]
    (there,) = ended(path.read_text(encoding="utf-8").splitlines())
    assert (here.finished, here.usage, here.background) == (False, None, True)
    assert there.usage is not None
    assert (there.finished, there.usage.input_tokens, there.observed_from_start) == (True, 100, False)
    assert (here.id, there.id) == (begun.id, begun.id)
    # The finished run has the ids that it would have had here; what was left unfinished has its own.
    assert shape.shape(there).span_id == shape.span_id_for(begun.id)
    assert shape.shape(here).span_id == shape.unfinished_span_id(begun.id)
