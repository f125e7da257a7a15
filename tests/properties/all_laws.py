"""All laws, for the tests and for a program that they found and that is played by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import threadtrail
from properties.disturbing import check_disturbed
from properties.laws import check
from properties.splitting import check_complete, check_merging

if TYPE_CHECKING:
    from properties.playing import Outcome


def check_all(outcome: Outcome) -> None:
    """Check one program's outcome: as it was recorded, merged, and disturbed.

    Raises:
        AssertionError: something does not hold.
    """
    check(outcome)
    check_complete(outcome.events, threadtrail.merge(outcome.events))
    check_merging(outcome.notes)
    check_disturbed(outcome.notes)
