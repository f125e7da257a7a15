"""Functions of your own: each call shows up with its arguments, its output and the time that it took."""

import json

from openai import OpenAI

import threadtrail

threadtrail.instrument()

TEMPERATURES = {"Oslo": "4 degrees", "Rome": "21 degrees"}
GET_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def get_weather(city: str) -> str:
    return TEMPERATURES.get(city, "unknown")


client = OpenAI()
assistant = client.beta.assistants.create(name="Weather", model="gpt-4o", tools=[GET_WEATHER])
thread = client.beta.threads.create(
    messages=[{"role": "user", "content": "Is it warmer in Oslo or in Rome?"}]
)
run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
while run.status == "requires_action":
    outputs = [
        {"tool_call_id": call.id, "output": get_weather(**json.loads(call.function.arguments))}
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    run = client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=thread.id, tool_outputs=outputs
    )
print(run.status)
print(client.beta.threads.messages.list(thread.id, limit=1).data[0].content[0].text.value)
