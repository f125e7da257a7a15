"""A tool loop: call the functions that the model asks for, until it answers.

Each call is recorded with the response that asked for it, with its arguments, its output and the time that it
took; all responses of the loop are one turn, with the sum of their tokens. The same is recorded if you chain
with `conversation=`, or send the whole input again.
"""

import json
from collections.abc import Callable

from openai import OpenAI
from openai.types.responses import Response, ResponseFunctionToolCall

import threadtrail

threadtrail.instrument()

MODEL = "gpt-4o"
TEMPERATURES = {"Oslo": 4, "Rome": 21}


def get_temperature(city: str) -> str:
    return f"{TEMPERATURES[city]} degrees" if city in TEMPERATURES else "unknown"


def subtract(a: float, b: float) -> str:
    return f"{a - b:g}"


def described(function: Callable[..., str], description: str, **parameters: str) -> dict:
    """Describe a function to the model."""
    return {
        "type": "function",
        "name": function.__name__,
        "description": description,
        "parameters": {
            "type": "object",
            "properties": {name: {"type": kind} for name, kind in parameters.items()},
            "required": list(parameters),
            "additionalProperties": False,
        },
        "strict": True,
    }


FUNCTIONS = {"get_temperature": get_temperature, "subtract": subtract}
TOOLS = [
    described(get_temperature, "The temperature in a city, now.", city="string"),
    described(subtract, "The difference of two numbers.", a="number", b="number"),
]

client = OpenAI()


def output_of(call: ResponseFunctionToolCall) -> str:
    # Without this block, a call lasts until its output is sent.
    with threadtrail.tool(call.call_id):
        return FUNCTIONS[call.name](**json.loads(call.arguments))


def ask(question: str) -> Response:
    response = client.responses.create(model=MODEL, input=question, tools=TOOLS)
    while calls := [item for item in response.output if item.type == "function_call"]:
        outputs = [
            {"type": "function_call_output", "call_id": call.call_id, "output": output_of(call)}
            for call in calls
        ]
        response = client.responses.create(
            model=MODEL, previous_response_id=response.id, input=outputs, tools=TOOLS
        )
    return response


print(ask("How much warmer is it in Rome than in Oslo?").output_text)
