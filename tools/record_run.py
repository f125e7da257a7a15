"""Record the run of the pictures: a question, two tool calls, an answer.

    python tools/record_run.py

A program streams it from a local Assistants server, with threadtrail's ``jsonl`` exporter on. What that wrote
is kept in tools/pictures/one-run.jsonl, so that the pictures stay the same until it is recorded anew.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai import OpenAI

import threadtrail
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing.server import AssistantsServer, FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.events import Event

RUN = Path(__file__).parent / "pictures" / "one-run.jsonl"

QUESTION = "Is it warmer in Oslo or in Rome?"
ANSWER = "Rome is warmer: 21 degrees, against 4 in Oslo."
TEMPERATURES = {"Oslo": "4 degrees", "Rome": "21 degrees"}
CALLS = [FunctionCall("get_weather", {"city": city}) for city in TEMPERATURES]
GET_WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def main() -> None:
    """Record it at a pace at which a model might write and a weather service might answer."""
    events = record(seconds_per_event=0.09, seconds_per_call=0.22)
    RUN.write_text("".join(f"{event.to_json()}\n" for event in events), encoding="utf-8")
    print(f"wrote {RUN.name}: {len(events)} events; now run: make pictures")


def record(*, seconds_per_event: float = 0.0, seconds_per_call: float = 0.0) -> list[Event]:
    """Return the events of the run.

    Args:
        seconds_per_event: what the server waits before each event of a stream.
        seconds_per_call: what a weather report takes.
    """
    script = RunScript(
        ToolCalls(*CALLS, usage=Usage(212, 41)),
        Message(ANSWER, usage=Usage(268, 17)),
        event_delay=seconds_per_event,
    )
    with tempfile.TemporaryDirectory() as folder, AssistantsServer(seed="one run") as server:
        server.script_next(script)
        file = Path(folder) / "run.jsonl"
        with (
            threadtrail.instrument(exporters={"jsonl": {"path": file}}),
            OpenAI(base_url=server.base_url, api_key="any") as client,
        ):
            ask(client, seconds_per_call)
        return [event for event in read_events(file) if belongs_to_run(event)]


def ask(client: OpenAI, seconds_per_call: float) -> None:
    """Put the question, give what the assistant asks for, and wait for its answer."""
    beta = client.beta
    assistant = beta.assistants.create(name="Weather", model="gpt-4o", tools=[GET_WEATHER])
    thread = beta.threads.create(messages=[{"role": "user", "content": QUESTION}])
    with beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        stream.until_done()
        run: Any = stream.current_run
    outputs: Any = [
        {
            "tool_call_id": call.id,
            "output": get_weather(json.loads(call.function.arguments), seconds_per_call),
        }
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    with beta.threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=thread.id, tool_outputs=outputs
    ) as stream:
        stream.until_done()


def get_weather(arguments: Mapping[str, str], seconds: float) -> str:
    """The weather in a city, as slow as a service that is asked for it."""
    time.sleep(seconds)
    return TEMPERATURES[arguments["city"]]


def belongs_to_run(event: Event) -> bool:
    """Whether the event is part of the run, and not of what the program did before it."""
    return getattr(event, "run_id", None) is not None or event.event == "RunEnded"


if __name__ == "__main__":
    main()
