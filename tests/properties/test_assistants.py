"""Whatever an app does with the Assistants API, each run is recorded once, and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, note

import threadtrail
from properties.assistants_app import PROGRAMS, look_again
from properties.disturbing import check_disturbed
from properties.laws import check
from properties.patience import patient
from properties.splitting import check_complete, check_merging

if TYPE_CHECKING:
    from properties.playing import Theatre
    from properties.program import Program


@patient
@given(program=PROGRAMS)
def test_any_program(theatre: Theatre, program: Program) -> None:
    note(program.source)
    outcome = theatre.play(program.function(), look_again, **program.settings)
    check(outcome)
    check_complete(outcome.events, threadtrail.merge(outcome.events))
    check_merging(outcome.notes)
    check_disturbed(outcome.notes)
