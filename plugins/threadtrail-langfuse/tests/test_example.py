"""The example, as a user runs it: it sends all that Langfuse's cookbook logs by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exporter_programs import run_program

from threadtrail.testing.server import AssistantsServer, Message, RunScript, Usage

if TYPE_CHECKING:
    from langfuse_receiver import Receiver

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "examples"
QUESTION = "I need to solve the equation `3x + 11 = 14`. Can you help me?"
GREETING = "I am a math tutor that likes to help math students, how can I help?"
ANSWER = "Subtract 11 and divide by 3: x = 1."
GROUPED = """
import langfuse_math_tutor as example
import threadtrail

with threadtrail.trace("run_math_tutor"):
    print(example.run_math_tutor({question!r}))
"""


def run(server: AssistantsServer, *program: str) -> str:
    server.script(RunScript(Message(ANSWER, usage=Usage(60, 14))))
    command = [sys.executable, "-W", "ignore::DeprecationWarning", *program]
    done = run_program(command, server, {}, EXAMPLES)
    assert done.stderr == ""
    return done.stdout


def test_langfuse_math_tutor(server: AssistantsServer, langfuse: Receiver) -> None:
    assert run(server, "langfuse_math_tutor.py") == f"{ANSWER}\n"
    roots = [(each.type, each.name) for each in langfuse.observations if each.parent_id is None]
    assert roots == [("span", "create_assistant"), ("agent", "Math Tutor")]
    agent, generation = langfuse.one("agent"), langfuse.one("generation")
    assert (agent.input, agent.output) == (QUESTION, ANSWER)
    assert generation.usage == {"input": 60, "output": 14, "total": 74}


def test_grouped_it_is_one_trace_with_all_that_the_cookbook_logs(
    server: AssistantsServer, langfuse: Receiver
) -> None:
    assert run(server, "-c", GROUPED.format(question=QUESTION)) == f"{ANSWER}\n"
    observations = langfuse.observations
    assert len({each.trace_id for each in observations}) == 1
    root = langfuse.observation("run_math_tutor")
    assert (root.input, root.output) == (QUESTION, ANSWER)

    assistant = langfuse.observation("create_assistant")
    assert assistant.input["model"] == "gpt-4o"
    assert assistant.input["instructions"].startswith("You are a personal math tutor.")
    agent = langfuse.one("agent")
    assert assistant.output == {"id": agent.metadata["assistant_id"]}
    assert langfuse.observation("create_thread").session == agent.session
    said = [each.input for each in observations if each.name == "create_message"]
    assert said == [
        {"role": "assistant", "content": GREETING},
        {"role": "user", "content": QUESTION},
    ]
    beside = {each.name for each in observations if each.parent_id == root.id}
    assert beside == {"create_assistant", "create_thread", "create_message", "Math Tutor"}

    generation = langfuse.one("generation")
    assert generation.parent_id == agent.id
    assert generation.model == "gpt-4o"
    assert generation.usage == {"input": 60, "output": 14, "total": 74}
    assert generation.input[1:] == said
    assert generation.input[0]["role"] == "system"
    assert generation.output == {"role": "assistant", "content": ANSWER}
