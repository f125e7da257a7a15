"""The patched methods of the Assistants API: one row each, read at a glance.

``create_and_poll`` and its kin call ``create`` and ``poll``, and need no rows of their own; the stream
helpers send their requests themselves, and do (openai 1.21 to 3.54).
"""

from __future__ import annotations

from typing import Any

from threadtrail.instrumentation.watching import Row

ASSISTANTS = "openai.resources.beta.assistants"
THREADS = "openai.resources.beta.threads.threads"
MESSAGES = "openai.resources.beta.threads.messages"
RUNS = "openai.resources.beta.threads.runs.runs"
STEPS = "openai.resources.beta.threads.runs.steps"

A, T, M, R, S = ("assistant_id",), ("thread_id",), ("message_id",), ("run_id",), ("step_id",)
TR = ("thread_id", "run_id")
RUN = (
    "thread_id",
    "assistant_id",
    "additional_messages",
    "additional_instructions",
    "reasoning_effort",
    "stream",
)
THREAD_AND_RUN = ("thread", "assistant_id", "stream")
LISTED = ("order", "after")
OUTPUTS = ("thread_id", "run_id", "tool_outputs", "stream")

CREATE, CREATE_BOTH, SUBMIT = (
    "threads.runs.create",
    "threads.create_and_run",
    "threads.runs.submit_tool_outputs",
)


def _row(
    module: str, resource: str, name: str, operation: str | None = None, *rest: Any, **flags: Any
) -> Row:
    method = name.rpartition(".")[2]
    return Row(module, resource, method, name, operation or name, *rest, **flags)


ROWS = (
    #    module      resource      path below client.beta                  does          positional, copied
    _row(ASSISTANTS, "Assistants", "assistants.create", None, (), (), begins=True),
    _row(ASSISTANTS, "Assistants", "assistants.retrieve", None, A, A),
    _row(ASSISTANTS, "Assistants", "assistants.update", None, A, A, begins=True),
    _row(ASSISTANTS, "Assistants", "assistants.list", None, (), LISTED),
    _row(ASSISTANTS, "Assistants", "assistants.delete", None, A, A, begins=True),
    _row(THREADS, "Threads", "threads.create", None, (), ("messages",), begins=True),
    _row(THREADS, "Threads", "threads.retrieve", None, T, T),
    _row(THREADS, "Threads", "threads.update", None, T, T),
    _row(THREADS, "Threads", "threads.delete", None, T, T, begins=True),
    _row(THREADS, "Threads", "threads.create_and_run", None, (), THREAD_AND_RUN, begins=True),
    _row(THREADS, "Threads", "threads.create_and_run_stream", CREATE_BOTH, (), THREAD_AND_RUN, begins=True),
    _row(MESSAGES, "Messages", "threads.messages.create", None, T, T, begins=True),
    _row(MESSAGES, "Messages", "threads.messages.retrieve", None, M, (*M, *T)),
    _row(MESSAGES, "Messages", "threads.messages.update", None, M, (*M, *T)),
    _row(MESSAGES, "Messages", "threads.messages.list", None, T, (*T, *LISTED)),
    _row(MESSAGES, "Messages", "threads.messages.delete", None, M, (*M, *T)),
    _row(RUNS, "Runs", "threads.runs.create", None, T, RUN, begins=True),
    _row(RUNS, "Runs", "threads.runs.retrieve", None, R, TR),
    _row(RUNS, "Runs", "threads.runs.update", None, R, TR),
    _row(RUNS, "Runs", "threads.runs.list", None, T, (*T, *LISTED), begins=True),
    _row(RUNS, "Runs", "threads.runs.cancel", None, R, TR),
    _row(RUNS, "Runs", "threads.runs.submit_tool_outputs", None, R, OUTPUTS),
    _row(RUNS, "Runs", "threads.runs.poll", None, ("run_id", "thread_id"), TR),
    _row(RUNS, "Runs", "threads.runs.stream", CREATE, (), RUN, begins=True),
    _row(RUNS, "Runs", "threads.runs.create_and_stream", CREATE, (), RUN, begins=True),
    _row(RUNS, "Runs", "threads.runs.submit_tool_outputs_stream", SUBMIT, (), OUTPUTS),
    _row(STEPS, "Steps", "threads.runs.steps.retrieve", None, S, (*S, *TR)),
    _row(STEPS, "Steps", "threads.runs.steps.list", None, R, (*TR, *LISTED)),
)
"""Every row stands for the sync method and its async twin (``AsyncRuns.create``, …)."""
