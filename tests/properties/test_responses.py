"""Whatever an app does with the Responses API, each response is recorded once, and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, note

from properties.all_laws import check_all
from properties.patience import patient
from properties.program import Program
from properties.responses_app import PROGRAMS, look_again

if TYPE_CHECKING:
    from properties.playing import Theatre

# A response that was cut takes no outputs: the one that brings them begins a turn of its own.
ANSWERS_WHAT_WAS_CUT = Program(
    api="responses",
    statements=(
        'server.script(RunScript(ToolCalls(FunctionCall("solve", {"x": 3})), end=Incomplete()))',
        'saw(0, await client.responses.create(model="gpt-4o", input="3x + 11 = 14?"))',
        """\
ask = {"previous_response_id": run[0].id, "input": saw.answers(0)}
saw(0, await client.responses.create(model="gpt-4o", **ask))""",
    ),
)

# One process begins to read a stream, and another takes it up again: neither has all that was said.
READ_IN_PARTS = Program(
    api="responses",
    statements=(
        """\
gate[0] = saw.new_gate()
server.script(RunScript("x is 1.", gate=gate[0]))
ask = {"model": "gpt-4o", "input": "3x?", "background": True}
stream[0] = await client.responses.create(**ask, stream=True)""",
        """\
gate[0].release(4)
for _ in range(4):
    saw(0, await anext(stream[0]))""",
        "await leave(0)",
        """\
gate[0].release(3)
stream[0] = await client.responses.retrieve(run[0].id, stream=True, starting_after=saw.last[0])
for _ in range(2):
    saw(0, await anext(stream[0]))""",
    ),
)

# A stream that is read again from its beginning: the response is not queued again.
READ_AGAIN = Program(
    api="responses",
    statements=(
        """\
gate[0] = saw.new_gate()
server.script(RunScript("x is 1.", gate=gate[0], queued_polls=2))
ask = {"model": "gpt-4o", "input": "3x?", "background": True}
stream[0] = await client.responses.create(**ask, stream=True)""",
        """\
gate[0].release(4)
for _ in range(4):
    saw(0, await anext(stream[0]))""",
        "await leave(0)",
        """\
gate[0].release(2)
stream[0] = await client.responses.retrieve(run[0].id, stream=True)
for _ in range(2):
    saw(0, await anext(stream[0]))""",
    ),
)

# A response that is deleted, or that the server does not keep, before its call is answered.
CALL = """\
server.script(RunScript(ToolCalls(FunctionCall("solve", {"x": 3}))))
saw(0, await client.responses.create(model="gpt-4o", input="3x?", store=STORE))"""
ALL_AGAIN = 'saw(0, await client.responses.create(model="gpt-4o", input=saw.all_again(0)))'
DELETED = Program(
    api="responses",
    statements=(
        CALL.replace("STORE", "True"),
        "await client.responses.delete(run[0].id)",
        ALL_AGAIN,
    ),
)
NOT_KEPT = Program(
    api="responses",
    statements=(
        CALL.replace("STORE", "False"),
        "await client.responses.retrieve(run[0].id)",
        ALL_AGAIN,
    ),
)
PUBLISHED_BEFORE = Program(
    api="responses", statements=(CALL.replace("STORE", "True"), "threadtrail.flush()", ALL_AGAIN)
)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the SDK's, of errors that are texts
@patient
@given(program=PROGRAMS)
@example(program=ANSWERS_WHAT_WAS_CUT)
@example(program=READ_IN_PARTS)
@example(program=READ_AGAIN)
@example(program=DELETED)
@example(program=NOT_KEPT)
@example(program=PUBLISHED_BEFORE)
def test_any_program(theatre: Theatre, program: Program) -> None:
    note(program.source)
    outcome = theatre.play(program.function(), look_again, **program.settings)
    check_all(outcome)
