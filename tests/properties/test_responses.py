"""Whatever an app does with the Responses API, each response is recorded once, and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, note

from properties.laws import check
from properties.program import Program
from properties.responses_app import PROGRAMS, look_again
from properties.splitting import check_merging

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


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the SDK's, of errors that are texts
@pytest.mark.timeout(600)  # what it takes to find the shortest program that fails
@given(program=PROGRAMS)
@example(program=ANSWERS_WHAT_WAS_CUT)
def test_any_program(theatre: Theatre, program: Program) -> None:
    note(program.source)
    outcome = theatre.play(program.function(), look_again, **program.settings)
    check(outcome)
    check_merging(outcome.notes)
