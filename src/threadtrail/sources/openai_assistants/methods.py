"""The methods of the Assistants API that are patched (openai 1.21 to 3.57).

``create_and_poll`` and similar helpers call ``create`` and ``poll`` and need no rows of their own. The stream
helpers send their requests themselves, so they have rows.
"""

from __future__ import annotations

from threadtrail.sources.source import Method, Resource

SOURCE_NAME = "openai.assistants"

ASSISTANT = "/assistants/{assistant_id}"
THREAD = "/threads/{thread_id}"
MESSAGES = f"{THREAD}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"
RUNS = f"{THREAD}/runs"
RUN = f"{RUNS}/{{run_id}}"
STEPS = f"{RUN}/steps"
SUBMIT = f"{RUN}/submit_tool_outputs"

RESOURCES = (
    Resource(
        "openai.resources.beta.assistants",
        "Assistants",
        "assistants",
        (
            Method("create", path="/assistants", begins="assistant", captures_context=True),
            Method("retrieve", path=ASSISTANT, positional=("assistant_id",)),
            Method(
                "update",
                path=ASSISTANT,
                positional=("assistant_id",),
                captures_context=True,
            ),
            Method("list", path="/assistants"),
            Method(
                "delete",
                path=ASSISTANT,
                positional=("assistant_id",),
                captures_context=True,
            ),
        ),
    ),
    Resource(
        "openai.resources.beta.threads.threads",
        "Threads",
        "threads",
        (
            Method("create", path="/threads", begins="thread", captures_context=True),
            Method("retrieve", path=THREAD, positional=("thread_id",)),
            Method("update", path=THREAD, positional=("thread_id",)),
            Method("delete", path=THREAD, positional=("thread_id",), captures_context=True),
            Method(
                "create_and_run",
                path="/threads/runs",
                keyword=("assistant_id",),
                begins="run",
                learnt_from="create",
                captures_context=True,
            ),
            Method(
                "create_and_run_stream",
                path="/threads/runs",
                keyword=("assistant_id",),
                like="threads.create_and_run",
                opens_manager=True,
                begins="run",
                learnt_from="create",
                captures_context=True,
            ),
        ),
    ),
    Resource(
        "openai.resources.beta.threads.messages",
        "Messages",
        "threads.messages",
        (
            Method(
                "create",
                path=MESSAGES,
                positional=("thread_id",),
                begins="message",
                captures_context=True,
            ),
            Method(
                "retrieve",
                path=MESSAGE,
                keyword=("thread_id",),
                reads_details=True,
            ),
            Method("update", path=MESSAGE, keyword=("thread_id",)),
            Method("list", path=MESSAGES, positional=("thread_id",), reads_details=True),
            Method("delete", path=MESSAGE, keyword=("thread_id",)),
        ),
    ),
    Resource(
        "openai.resources.beta.threads.runs.runs",
        "Runs",
        "threads.runs",
        (
            Method(
                "create",
                path=RUNS,
                positional=("thread_id",),
                keyword=("assistant_id",),
                begins="run",
                learnt_from="create",
                captures_context=True,
            ),
            Method(
                "retrieve",
                path=RUN,
                positional=("run_id",),
                keyword=("thread_id",),
                learnt_from="poll",
            ),
            Method(
                "update",
                path=RUN,
                positional=("run_id",),
                keyword=("thread_id",),
                learnt_from="update",
            ),
            Method(
                "list",
                path=RUNS,
                positional=("thread_id",),
                learnt_from="list",
                captures_context=True,
            ),
            Method(
                "cancel",
                path=f"{RUN}/cancel",
                positional=("run_id",),
                keyword=("thread_id",),
                learnt_from="cancel",
            ),
            Method(
                "submit_tool_outputs",
                path=SUBMIT,
                positional=("run_id",),
                keyword=("thread_id",),
                learnt_from="submit",
            ),
            Method("poll", positional=("run_id", "thread_id"), learnt_from="poll", polls=True),
            *(
                Method(
                    name,
                    path=RUNS,
                    keyword=("thread_id", "assistant_id"),
                    like="threads.runs.create",
                    opens_manager=True,
                    begins="run",
                    learnt_from="create",
                    captures_context=True,
                )
                for name in ("stream", "create_and_stream")
            ),
            Method(
                "submit_tool_outputs_stream",
                path=SUBMIT,
                keyword=("run_id", "thread_id"),
                like="threads.runs.submit_tool_outputs",
                opens_manager=True,
                learnt_from="submit",
            ),
        ),
    ),
    Resource(
        "openai.resources.beta.threads.runs.steps",
        "Steps",
        "threads.runs.steps",
        (
            Method(
                "retrieve",
                path=f"{STEPS}/{{step_id}}",
                keyword=("run_id", "thread_id"),
                reads_details=True,
            ),
            Method(
                "list",
                path=STEPS,
                positional=("run_id",),
                keyword=("thread_id",),
                reads_details=True,
            ),
        ),
    ),
)
"""The table. Every row stands for the sync method and its async twin (``AsyncRuns.create``, …)."""
