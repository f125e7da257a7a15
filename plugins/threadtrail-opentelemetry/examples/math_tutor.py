"""The *Math Tutor*, the SDK's first example: nothing in it knows threadtrail or OpenTelemetry."""

from openai import OpenAI


def main() -> None:
    client = OpenAI()
    assistant = client.beta.assistants.create(
        name="Math Tutor",
        instructions="You are a personal math tutor. Answer briefly, in a sentence or less.",
        model="gpt-4o",
    )
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(
        thread.id, role="user", content="I need to solve the equation `3x + 11 = 14`. Can you help me?"
    )
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    for message in client.beta.threads.messages.list(thread.id, order="asc"):
        for part in message.content:
            if part.type == "text":
                print(f"{message.role}: {part.text.value}")
    print(run.status)


if __name__ == "__main__":
    main()
