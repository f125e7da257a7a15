"""Random programs of an app that uses the Assistants API: every way to look at runs, with faults between."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import openai
from hypothesis import strategies as st

from driving import ENDS
from properties.all_laws import check_all
from properties.playing import Theatre
from properties.program import programs
from properties.statements import (
    DRAIN,
    FLUSH,
    LEAVE,
    LET_GO,
    READ,
    READING,
    faults,
    filled,
    in_the_other_slot,
    maybe,
    phrase,
    scripts,
)

if TYPE_CHECKING:
    from properties.playing import Seen

RUNS = "CLIENT.beta.threads.runs"
THE_RUN = "run[SLOT].id, thread_id=run[SLOT].thread_id"
NEW_RUN = "thread_id=thread[SLOT], assistant_id=assistant_id"
OUTPUTS = f"run_id={THE_RUN}, tool_outputs=saw.outputs(SLOT)"

# -- what runs do ---------------------------------------------------------------------------------------

STEPS = st.sampled_from(
    [
        '"x is 1."',
        'Message("See:", ImageFile("file-1"))',
        'Message(Refusal("No."))',
        'ToolCalls(FunctionCall("solve", {"x": 3}))',
        'ToolCalls(FunctionCall("solve", {"x": 3}), FunctionCall("plot"))',
        'ToolCalls(CodeInterpreterCall("print(1)", logs="1"))',
        'ToolCalls(FileSearchCall((FileSearchResult("a.pdf", "text"),)))',
        'Message("Unbilled.", usage=None)',
    ]
)
# -- what the app does ----------------------------------------------------------------------------------

SETUP = """\
assistant_id = (await client.beta.assistants.create(model="gpt-4o")).id
for slot in range(2):
    message = {"role": "user", "content": "3x + 11 = 14?"}
    thread[slot] = (await client.beta.threads.create(messages=[message])).id"""

CREATE = {
    "create": f"saw(SLOT, await {RUNS}.create({NEW_RUN}))",
    "raw": f"saw(SLOT, (await {RUNS}.with_raw_response.create({NEW_RUN})).parse())",
    "poll": f"saw(SLOT, await {RUNS}.create_and_poll({NEW_RUN}, poll_interval_ms=0))",
    "stream": f"stream[SLOT] = await {RUNS}.create({NEW_RUN}, stream=True)",
    "manager": f"stream[SLOT] = await stack.enter_async_context({RUNS}.stream({NEW_RUN}))",
}
POLL = {
    "retrieve": f"saw(SLOT, await {RUNS}.retrieve({THE_RUN}))",
    "raw": f"saw(SLOT, (await {RUNS}.with_raw_response.retrieve({THE_RUN})).parse())",
    "streamed body": f"""\
async with {RUNS}.with_streaming_response.retrieve({THE_RUN}) as response:
    saw(SLOT, await response.parse())""",
}
TO_THE_END = f"""\
for _ in range(12):
    if run[SLOT].status == "requires_action":
        saw(SLOT, await {RUNS}.submit_tool_outputs({OUTPUTS}))
    saw(SLOT, await {RUNS}.retrieve({THE_RUN}))"""
SUBMIT = {
    "submit": f"saw(SLOT, await {RUNS}.submit_tool_outputs({OUTPUTS}))",
    "poll": f"saw(SLOT, await {RUNS}.submit_tool_outputs_and_poll({OUTPUTS}, poll_interval_ms=0))",
    "stream": f"stream[SLOT] = await {RUNS}.submit_tool_outputs({OUTPUTS}, stream=True)",
}
OTHERS = [
    f"saw(SLOT, await {RUNS}.cancel({THE_RUN}))",
    f'saw(SLOT, await {RUNS}.update({THE_RUN}, metadata={{"seen": "yes"}}))',
    f"""\
async for item in {RUNS}.list(thread[SLOT], limit=2, order="asc"):
    saw(SLOT, item, listed=True)""",
    f"""\
async for step in {RUNS}.steps.list(run[SLOT].id, thread_id=thread[SLOT], limit=2):
    await {RUNS}.steps.retrieve(step.id, run_id=run[SLOT].id, thread_id=thread[SLOT])""",
    "[message async for message in CLIENT.beta.threads.messages.list(thread[SLOT], limit=2)]",
    'await CLIENT.beta.threads.messages.create(thread[SLOT], role="user", content="And y?")',
    "server.expire_run(run[SLOT].id)",
]


def _create(way: str, script: str) -> str:
    return "\n".join(
        [
            LEAVE,
            "gate[SLOT] = saw.new_gate()",
            f"server.script({script}, thread_id=thread[SLOT])",
            CREATE[way],
        ]
    )


def _submit(way: str) -> str:
    return SUBMIT[way] if way == "submit" else f"{LEAVE}\n{LET_GO}\n{SUBMIT[way]}"


CREATING = st.builds(_create, st.sampled_from(list(CREATE)), scripts(STEPS))
OPERATIONS = [
    "runs.create",
    "runs.retrieve",
    "runs.retrieve",
    "runs.submit_tool_outputs",
    "runs.list",
    "runs.cancel",
]
ACTIONS = st.one_of(
    st.sampled_from(list(POLL.values())),
    st.sampled_from(list(POLL.values())),
    READING,
    st.builds(_submit, st.sampled_from(list(SUBMIT))),
    st.just(TO_THE_END),
    st.sampled_from(OTHERS),
    CREATING,
    st.just(FLUSH),
    faults(OPERATIONS, ["runs.create", "runs.submit_tool_outputs"]),
)
STREAMING = st.builds(_create, st.sampled_from(["stream", "manager"]), scripts(STEPS))
PHRASES = st.one_of(
    phrase(ACTIONS),
    phrase(ACTIONS),
    phrase(STREAMING, READ, READING, maybe(FLUSH), TO_THE_END),
    phrase(STREAMING, DRAIN, st.builds(_submit, st.just("stream")), READING, maybe(TO_THE_END)),
    phrase(CREATING, in_the_other_slot(CREATING), TO_THE_END, maybe(FLUSH), st.sampled_from(OTHERS)),
)
PROGRAMS = programs("assistants", SETUP, filled(phrase(CREATING), slot=0), filled(PHRASES))


def look_again(client: Any, seen: Seen) -> None:
    """Look again at all that the app saw the end of, in every way, twice."""
    runs = client.beta.threads.runs
    for run in [run for run in seen.newest() if run.status in ENDS] * 2:
        with contextlib.suppress(openai.NotFoundError):
            seen(0, runs.retrieve(run.id, thread_id=run.thread_id))
            list(runs.steps.list(run.id, thread_id=run.thread_id))
            for item in runs.list(run.thread_id):
                seen(0, item, listed=True)
            list(client.beta.threads.messages.list(run.thread_id))


def try_out(app: Any, **settings: int) -> None:
    """Play one program, print what was recorded, and check it."""
    with Theatre() as theatre:
        outcome = theatre.play(app, look_again, **settings)
    for event in outcome.events:
        print(event.to_json())  # noqa: T201 - a person asked
    check_all(outcome)
