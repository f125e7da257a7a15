"""Whatever an app does with the Assistants API, each run is recorded once, and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, note

from properties.assistants_app import PROGRAMS, look_again
from properties.laws import check
from properties.splitting import check_merging

if TYPE_CHECKING:
    from properties.playing import Theatre
    from properties.program import Program


@pytest.mark.timeout(600)  # what it takes to find the shortest program that fails
@given(program=PROGRAMS)
def test_any_program(theatre: Theatre, program: Program) -> None:
    note(program.source)
    outcome = theatre.play(program.function(), look_again, **program.settings)
    check(outcome)
    check_merging(outcome.notes)
