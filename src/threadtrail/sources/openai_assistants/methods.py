"""The methods of the Assistants API that are patched (openai 1.21 to 3.57).

``create_and_poll`` and similar helpers call ``create`` and ``poll`` and need no rows of their own. The stream
helpers send their requests themselves, so they have rows.
"""

from __future__ import annotations

from threadtrail.sources.source import Method, Resource

SOURCE_NAME = "openai.assistants"

RESOURCES = (
    Resource(
        "openai.resources.beta.assistants",
        "Assistants",
        "assistants",
        (
            Method("create", begins="assistant", captures_context=True),
            Method("retrieve", positional=("assistant_id",)),
            Method("update", positional=("assistant_id",), captures_context=True),
            Method("list"),
            Method("delete", positional=("assistant_id",), captures_context=True),
        ),
    ),
    Resource(
        "openai.resources.beta.threads.threads",
        "Threads",
        "threads",
        (
            Method("create", begins="thread", captures_context=True),
            Method("retrieve", positional=("thread_id",)),
            Method("update", positional=("thread_id",)),
            Method("delete", positional=("thread_id",), captures_context=True),
            Method(
                "create_and_run",
                keyword=("assistant_id",),
                begins="run",
                learnt_from="create",
                captures_context=True,
            ),
            Method(
                "create_and_run_stream",
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
            Method("create", positional=("thread_id",), begins="message", captures_context=True),
            Method("retrieve", keyword=("thread_id",), reads_details=True),
            Method("update", keyword=("thread_id",)),
            Method("list", positional=("thread_id",), reads_details=True),
            Method("delete", keyword=("thread_id",)),
        ),
    ),
    Resource(
        "openai.resources.beta.threads.runs.runs",
        "Runs",
        "threads.runs",
        (
            Method(
                "create",
                positional=("thread_id",),
                keyword=("assistant_id",),
                begins="run",
                learnt_from="create",
                captures_context=True,
            ),
            Method("retrieve", positional=("run_id",), keyword=("thread_id",), learnt_from="poll"),
            Method("update", positional=("run_id",), keyword=("thread_id",), learnt_from="update"),
            Method("list", positional=("thread_id",), learnt_from="list", captures_context=True),
            Method("cancel", positional=("run_id",), keyword=("thread_id",), learnt_from="cancel"),
            Method(
                "submit_tool_outputs", positional=("run_id",), keyword=("thread_id",), learnt_from="submit"
            ),
            Method("poll", positional=("run_id", "thread_id"), learnt_from="poll", polls=True),
            *(
                Method(
                    name,
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
            Method("retrieve", keyword=("run_id", "thread_id"), reads_details=True),
            Method("list", positional=("run_id",), keyword=("thread_id",), reads_details=True),
        ),
    ),
)
"""The table. Every row stands for the sync method and its async twin (``AsyncRuns.create``, …)."""
