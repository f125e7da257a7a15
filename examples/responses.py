"""Responses in three ways: in the background and polled, as a stream, and with a function of your own.

OPENAI_BASE_URL and OPENAI_API_KEY say where, as always with the SDK. A server for it on this computer:

    python -m threadtrail.testing.server --port 8000
    OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=any python examples/responses.py
"""

import json
import time

from openai import OpenAI

import threadtrail

threadtrail.instrument()

POLL_SECONDS = 0.5
MODEL = "gpt-4o"
TEMPERATURES = {"Oslo": "4 degrees", "Rome": "21 degrees"}
GET_WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city, now.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


def get_weather(city: str) -> str:
    return TEMPERATURES.get(city, "unknown")


client = OpenAI()

# One run, with its tokens once, however often it is looked at.
response = client.responses.create(model=MODEL, input="What is linear algebra?", background=True)
while response.status in {"queued", "in_progress"}:
    time.sleep(POLL_SECONDS)
    response = client.responses.retrieve(response.id)
print(response.status)
print(response.output_text)

with client.responses.create(model=MODEL, input="And in one sentence?", stream=True) as stream:
    for event in stream:
        if event.type == "response.output_text.delta":
            print(event.delta, end="", flush=True)
print()

# What the functions returned, and how long they took, stands on the response that asked for them.
response = client.responses.create(model=MODEL, input="Is it warmer in Oslo or in Rome?", tools=[GET_WEATHER])
while calls := [item for item in response.output if item.type == "function_call"]:
    outputs = [
        {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": get_weather(**json.loads(call.arguments)),
        }
        for call in calls
    ]
    response = client.responses.create(
        model=MODEL, previous_response_id=response.id, input=outputs, tools=[GET_WEATHER]
    )
print(response.output_text)
