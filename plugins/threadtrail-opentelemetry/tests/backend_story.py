"""The app of the tests with real backends: two responses in a chain, one by itself, a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from responses_driving import ASK, USAGE, with_hosted_tools

import threadtrail
from threadtrail.commands.demo import overview, scripts
from threadtrail.testing.server import Message, RunScript

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

INPUT, OUTPUT = USAGE.prompt_tokens, USAGE.completion_tokens
"""The tokens of each response."""

USER, SESSION = "u1", "lesson-7"
"""Those that the app names for the response by itself."""


@dataclass(frozen=True)
class Responses:
    """The responses of the story: the first two are a chain."""

    streamed: Any
    in_background: Any
    plain: Any


def responses(server: AssistantsServer, client: OpenAI) -> Responses:
    """Stream one with hosted tools, poll one that goes on from it, make one with a session of the app's."""
    streamed = with_hosted_tools(server, client)
    server.script_next(RunScript(Message("Sunny."), usage=USAGE, polls=3, queued_polls=1))
    polled = client.responses.create(**ASK, background=True, previous_response_id=streamed.id)
    while polled.status in {"queued", "in_progress"}:
        polled = client.responses.retrieve(polled.id)
    server.script_next(RunScript(Message("Warm."), usage=USAGE))
    with threadtrail.attributes(user_id=USER, session_id=SESSION):
        plain = client.responses.create(**ASK)
    return Responses(streamed, polled, plain)


def function_call(server: AssistantsServer, client: OpenAI) -> Any:
    """Let an assistant ask for a function, as the demo does; return the run as the server has it."""
    server.script(scripts.choose)
    overview.function_call(client)
    threads = {request.path.split("/")[3] for request in server.requests_to("runs.create")}
    (run,) = [run for thread in threads for run in client.beta.threads.runs.list(thread)]
    return run
