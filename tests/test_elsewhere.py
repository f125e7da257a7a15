"""At its exit, a program of which nothing was recorded gets one line in the log; no other program does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from differential.chat_server import ChatServer
from doc_blocks import DOCS, blocks
from fork_server import fork_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from threadtrail.testing import AssistantsServer

    Run = Callable[..., str]

pytestmark = pytest.mark.slow

LINE = (
    "nothing was recorded: this process used the openai package, but called none of the methods that "
    "threadtrail records. Recorded are Responses, Conversations, webhooks, Assistants; not recorded are "
    "chat completions, embeddings, realtime and live sessions, and others (see threadtrail doctor)\n"
)

HEAD = """
import os, openai, threadtrail
def ask(client=None):
    client = client or openai.OpenAI(base_url=os.environ["CHAT_URL"])
    return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
def respond():
    return openai.OpenAI().responses.create(model="gpt-4o", input="Hi")
"""


@pytest.fixture(scope="module")
def chat() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@pytest.fixture
def run(chat: ChatServer, server: AssistantsServer, tmp_path: Path) -> Run:
    """Runs a program in a process of its own; returns what it wrote to standard error."""

    def run(program: str, **variables: str) -> str:
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        environment |= {
            "OPENAI_API_KEY": "sk-local",
            "OPENAI_BASE_URL": server.base_url,
            "CHAT_URL": chat.base_url,
            "THREADTRAIL_EXPORTERS": "none",
        }
        given = ["-c", HEAD + program]
        done = fork_server().run(given, cwd=tmp_path, env={**environment, **variables}, timeout=240)
        assert done.returncode == 0, done.stderr
        return done.stderr

    return run


NOTHING_RECORDED = {
    "asked twice": "threadtrail.instrument(); ask(); ask()",
    "streamed": """
threadtrail.instrument()
client = openai.OpenAI(base_url=os.environ["CHAT_URL"])
given = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
assert len(list(client.chat.completions.create(stream=True, **given))) == 4
""",
    "async and raw": """
import asyncio
threadtrail.instrument()
async def main():
    client = openai.AsyncOpenAI(base_url=os.environ["CHAT_URL"])
    given = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    await client.chat.completions.with_raw_response.create(**given)
asyncio.run(main())
""",
    "in a trace": """
threadtrail.instrument()
with threadtrail.trace("lesson"):
    ask()
""",
    "a method taken off before": """
create = openai.OpenAI().responses.create
threadtrail.instrument()
create(model="gpt-4o", input="Hi")
""",
    "instrumented twice": """
threadtrail.instrument()
ask()
threadtrail.instrument(sample_rate=0.5)
""",
}


@pytest.mark.parametrize("case", NOTHING_RECORDED)
def test_nothing_was_recorded(run: Run, case: str) -> None:
    told = run(NOTHING_RECORDED[case])
    assert (
        told.replace(
            "threadtrail.instrument() was called again: the new configuration replaces the former\n", ""
        )
        == LINE
    )


QUIET = {
    "a response as well": "threadtrail.instrument(); ask(); respond()",
    "a response by a former configuration": """
with threadtrail.instrument():
    respond()
threadtrail.instrument()
ask()
""",
    "a response that failed": """
threadtrail.instrument()
ask()
try:
    openai.OpenAI(base_url="http://127.0.0.1:9/v1", max_retries=0).responses.create(model="m")
except openai.APIConnectionError:
    pass
""",
    "what is sampled out": "threadtrail.instrument(sample_rate=0.0); ask(); respond()",
    "the SDK is not used": "threadtrail.instrument(); openai.OpenAI().chat.completions",
    "asked before": "ask(); threadtrail.instrument()",
    "asked after": """
with threadtrail.instrument():
    pass
ask()
""",
    "asked by an exporter": """
class Judge:
    @threadtrail.hookimpl
    def export(self, events):
        ask()
threadtrail.instrument(exporters=[Judge()])
with threadtrail.trace("lesson"):
    pass
assert threadtrail.flush(60)
""",
    "a fork": """
threadtrail.instrument()
if os.fork() == 0:
    ask()
else:
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
""",
    "a fork by multiprocessing": """
import multiprocessing
threadtrail.instrument()
child = multiprocessing.get_context("fork").Process(target=ask)
child.start(); child.join()
assert child.exitcode == 0
""",
}


@pytest.mark.parametrize("case", QUIET)
def test_quiet(run: Run, case: str) -> None:
    told = run(QUIET[case])
    assert "nothing was recorded" not in told
    assert "Traceback" not in told


def test_the_line_stands_in_the_documentation() -> None:
    assert LINE in blocks(DOCS / "troubleshooting.md", "text")


def test_switched_off(run: Run) -> None:
    assert run("threadtrail.instrument(); ask()", THREADTRAIL_DISABLED="1") == ""


def test_the_level_of_the_log_is_a_warning(run: Run) -> None:
    program = "import logging; logging.basicConfig(level={}); threadtrail.instrument(); ask()"
    assert run(program.format("logging.ERROR")) == ""
    assert run(program.format("logging.WARNING")) == f"WARNING:threadtrail:{LINE}"
