"""Random programs of an app that uses Responses: foreground, background, streams, tool loops, with faults."""

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

RESPONSES = "CLIENT.responses"

# -- what responses do ----------------------------------------------------------------------------------

CALLS = st.sampled_from(
    [
        'ToolCalls(FunctionCall("solve", {"x": 3}))',
        'ToolCalls(FunctionCall("solve", {"x": 3}), FunctionCall("plot"))',
    ]
)
STEPS = CALLS | st.sampled_from(
    [
        '"x is 1."',
        'Message(Refusal("No."))',
        'Reasoning(summary=("Think.",))',
        'ToolCalls(CodeInterpreterCall("print(1)", logs="1"))',
        'ToolCalls(WebSearchCall("x"), McpCall("m", "read", "{}", error="no"))',
        'Message("Unbilled.", usage=None)',
    ]
)

# -- what the app does ----------------------------------------------------------------------------------

SETUP = """\
for slot in range(2):
    thread[slot] = (await client.conversations.create()).id"""

ASK = {
    "new": 'model="gpt-4o", input="3x + 11 = 14?"',
    "new in a conversation": 'model="gpt-4o", input="3x + 11 = 14?", conversation=thread[SLOT]',
    "not stored": 'model="gpt-4o", input="3x + 11 = 14?", store=False',
    "chained": 'model="gpt-4o", previous_response_id=run[SLOT].id, input=saw.answers(SLOT)',
    "all again": 'model="gpt-4o", input=saw.all_again(SLOT)',
    "conversation": 'model="gpt-4o", conversation=thread[SLOT], input=saw.answers(SLOT)',
}
ASK_NEW = ["new", "new in a conversation", "not stored"]
WAYS = {
    "create": f"saw(SLOT, await {RESPONSES}.create(ASK))",
    "background": f"saw(SLOT, await {RESPONSES}.create(ASK, background=True))",
    "raw": f"saw(SLOT, (await {RESPONSES}.with_raw_response.create(ASK)).parse())",
    "parse": f"saw(SLOT, await {RESPONSES}.parse(ASK, text_format=saw.Answer))",
    "stream": f"stream[SLOT] = await {RESPONSES}.create(ASK, stream=True)",
    "background stream": f"stream[SLOT] = await {RESPONSES}.create(ASK, stream=True, background=True)",
    "manager": f"stream[SLOT] = await stack.enter_async_context({RESPONSES}.stream(ASK))",
}
POLL = {
    "retrieve": f"saw(SLOT, await {RESPONSES}.retrieve(run[SLOT].id))",
    "raw": f"saw(SLOT, (await {RESPONSES}.with_raw_response.retrieve(run[SLOT].id)).parse())",
    "streamed body": f"""\
async with {RESPONSES}.with_streaming_response.retrieve(run[SLOT].id) as response:
    saw(SLOT, await response.parse())""",
}
TO_THE_END = f"""\
for _ in range(6):
    saw(SLOT, await {RESPONSES}.retrieve(run[SLOT].id))"""
AGAIN = "run[SLOT].id, stream=True"
RESUME = st.sampled_from(
    [
        f"stream[SLOT] = await {RESPONSES}.retrieve({AGAIN}, starting_after=saw.last[SLOT])",
        f"stream[SLOT] = await {RESPONSES}.retrieve({AGAIN})",
        f"""\
gate[SLOT].release(saw.last[SLOT] + 1)
stream[SLOT] = await stack.enter_async_context(
    {RESPONSES}.stream(response_id=run[SLOT].id, starting_after=saw.last[SLOT])
)""",
    ]
).map(lambda text: f"{LEAVE}\n{LET_GO}\n{text}")
WEBHOOK = """\
try:
    delivery = server.webhook(run[SLOT].id)
except ValueError:  # it has not ended
    pass
else:
    CLIENT.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET)"""
OTHERS = [
    f"saw(SLOT, await {RESPONSES}.cancel(run[SLOT].id))",
    f"saw(SLOT, await {RESPONSES}.cancel(run[SLOT].id))",
    f"await {RESPONSES}.delete(run[SLOT].id)",
    f"[item async for item in {RESPONSES}.input_items.list(run[SLOT].id, limit=2)]",
]


def _create(way: str, ask: str, script: str) -> str:
    return "\n".join(
        [LEAVE, "gate[SLOT] = saw.new_gate()", f"server.script({script})", WAYS[way].replace("ASK", ASK[ask])]
    )


SCRIPTS = scripts(STEPS)


def creating(*ways: str) -> st.SearchStrategy[str]:
    """Create a response of its own, in one of these ways."""
    return st.builds(_create, st.sampled_from(ways), st.sampled_from(ASK_NEW), SCRIPTS)


def calling(*ways: str) -> st.SearchStrategy[str]:
    """Create a response that asks for calls, and goes on when it gets the outputs."""
    going_on = st.builds("RunScript({}, {}, gate=gate[SLOT])".format, CALLS, STEPS)
    return st.builds(_create, st.sampled_from(ways), st.sampled_from(ASK_NEW), going_on)


GOING_ON = st.builds(_create, st.sampled_from(list(WAYS)), st.sampled_from(list(ASK)), SCRIPTS)
OPERATIONS = [
    "responses.create",
    "responses.retrieve",
    "responses.retrieve",
    "responses.cancel",
    "responses.delete",
]
ACTIONS = st.one_of(
    st.sampled_from(list(POLL.values())),
    st.sampled_from(list(POLL.values())),
    READING,
    RESUME,
    st.just(TO_THE_END),
    st.just(WEBHOOK),
    st.sampled_from(OTHERS),
    creating(*WAYS),
    GOING_ON,
    st.just(FLUSH),
    faults(OPERATIONS, ["responses.create", "responses.retrieve"]),
)
PHRASES = st.one_of(
    phrase(ACTIONS),
    phrase(ACTIONS),
    # Broken off and taken up again; left, and looked at afterwards.
    phrase(creating("background stream"), READ, READING, maybe(FLUSH), RESUME, READING),
    phrase(creating("stream", "manager", "background stream"), READ, LEAVE, maybe(FLUSH), TO_THE_END),
    # A tool loop, in each style, with each way to ask twice.
    phrase(calling("create", "parse"), GOING_ON),
    phrase(calling("background"), TO_THE_END, maybe(FLUSH), GOING_ON, maybe(TO_THE_END)),
    phrase(calling("stream", "background stream"), DRAIN, maybe(FLUSH), GOING_ON, maybe(DRAIN)),
    # Told by a webhook, looked at or not.
    phrase(
        creating("background", "background stream"), WEBHOOK, maybe(FLUSH), maybe(TO_THE_END), maybe(WEBHOOK)
    ),
    phrase(creating("background"), in_the_other_slot(creating("background")), TO_THE_END, maybe(FLUSH)),
)
PROGRAMS = programs("responses", SETUP, filled(phrase(creating(*WAYS)), slot=0), filled(PHRASES))


def look_again(client: Any, seen: Seen) -> None:
    """Look again at all that the app saw the end of, in every way, twice."""
    for run in [run for run in seen.newest() if run.status in ENDS] * 2:
        with contextlib.suppress(openai.NotFoundError):
            seen(0, client.responses.retrieve(run.id))
            list(client.responses.input_items.list(run.id))
            with contextlib.suppress(openai.BadRequestError):
                list(client.responses.retrieve(run.id, stream=True))
            with contextlib.suppress(openai.BadRequestError):
                client.responses.cancel(run.id)


def try_out(app: Any, **settings: int) -> None:
    """Play one program, print what was recorded, and check it."""
    with Theatre() as theatre:
        outcome = theatre.play(app, look_again, **settings)
    for event in outcome.events:
        print(event.to_json())  # noqa: T201 - a person asked
    check_all(outcome)
