"""Group several runs into one trace, and say which user they belong to."""

from openai import OpenAI

import threadtrail

threadtrail.instrument()

client = OpenAI()
assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")


@threadtrail.trace("math lesson")  # each call is a trace; `with threadtrail.trace(...)` does the same
def lesson(questions: list[str]) -> None:
    thread = client.beta.threads.create()
    for question in questions:
        client.beta.threads.messages.create(thread.id, role="user", content=question)
        run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
        print(run.status)


with threadtrail.attributes(user_id="student-7", session_id="tuesday", tags=["beta"]):
    lesson(["What is 2 + 2?", "How do I check that?"])
