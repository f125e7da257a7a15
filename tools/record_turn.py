"""Record the turn of the pictures: a question, two tool calls, an answer.

    python tools/record_turn.py

A program streams it from a local server, with threadtrail's ``jsonl`` exporter on. The file is kept as
tools/pictures/one-turn.jsonl, so that the pictures stay the same until the turn is recorded again.
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
from threadtrail.testing.server import FunctionCall, Message, OpenAIServer, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.events import Event

TURN = Path(__file__).parent / "pictures" / "one-turn.jsonl"

QUESTION = "Is it warmer in Oslo or in Rome?"
ANSWER = "Rome is warmer: 21 degrees, against 4 in Oslo."
TEMPERATURES = {"Oslo": "4 degrees", "Rome": "21 degrees"}
CALLS = [FunctionCall("get_weather", {"city": city}) for city in TEMPERATURES]
GET_WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city, now.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}


def main() -> None:
    """Record it at a pace at which a model might write and a weather service might answer."""
    events = record(seconds_per_event=0.09, seconds_per_call=0.22)
    TURN.write_text("".join(f"{event.to_json()}\n" for event in events), encoding="utf-8")
    print(f"wrote {TURN.name}: {len(events)} events; now run: make pictures")


def record(*, seconds_per_event: float = 0.0, seconds_per_call: float = 0.0) -> list[Event]:
    """Return the events of the turn.

    Args:
        seconds_per_event: what the server waits before each event of a stream.
        seconds_per_call: how long a weather report takes.
    """
    script = RunScript(
        ToolCalls(*CALLS, usage=Usage(212, 41)),
        Message(ANSWER, usage=Usage(268, 17)),
        event_delay=seconds_per_event,
    )
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(seed="one turn") as server:
        server.script_next(script)
        file = Path(folder) / "turn.jsonl"
        with (
            threadtrail.instrument(exporters={"jsonl": {"path": file}}),
            OpenAI(base_url=server.base_url, api_key="any") as client,
        ):
            ask(client, seconds_per_call)
        return list(read_events(file))


def ask(client: OpenAI, seconds_per_call: float) -> None:
    """Ask the question, call the functions that the model asks for, and stream its answer."""
    options: Any = {"model": "gpt-4o", "tools": [GET_WEATHER]}
    with client.responses.stream(input=QUESTION, **options) as stream:
        asking = stream.get_final_response()
    outputs: Any = []
    for item in asking.output:
        if item.type == "function_call":
            with threadtrail.tool(item.call_id):
                output = get_weather(json.loads(item.arguments), seconds_per_call)
            outputs.append({"type": "function_call_output", "call_id": item.call_id, "output": output})
    with client.responses.stream(previous_response_id=asking.id, input=outputs, **options) as stream:
        stream.until_done()


def get_weather(arguments: Mapping[str, str], seconds: float) -> str:
    """Return the weather in a city, as slowly as a real service."""
    time.sleep(seconds)
    return TEMPERATURES[arguments["city"]]


if __name__ == "__main__":
    main()
