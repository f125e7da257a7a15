"""Whatever an app does with the Assistants API, each run is recorded once, and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, note

from properties.all_laws import check_all
from properties.assistants_app import PROGRAMS, look_again
from properties.patience import patient

if TYPE_CHECKING:
    from properties.playing import Theatre
    from properties.program import Program


@patient
@given(program=PROGRAMS)
def test_any_program(theatre: Theatre, program: Program) -> None:
    note(program.source)
    outcome = theatre.play(program.function(), look_again, **program.settings)
    check_all(outcome)
