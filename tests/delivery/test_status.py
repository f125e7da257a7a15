from __future__ import annotations

import pytest

from threadtrail.delivery.status import LaneStatus, summary


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (LaneStatus(), "0 delivered"),
        (LaneStatus(delivered=12_000, queued=3), "12,000 delivered, 3 queued"),
        (
            LaneStatus(failed=2, dropped=1, last_error="OSError: disk full"),
            "0 delivered, 2 failed, 1 dropped; last error: OSError: disk full",
        ),
    ],
)
def test_a_lane_in_words(status: LaneStatus, text: str) -> None:
    assert str(status) == text
    assert "LaneStatus(delivered=" in repr(status)


def test_a_summary_leaves_out_what_is_zero() -> None:
    lanes = {"console": LaneStatus(delivered=1), "jsonl": LaneStatus(failed=2, last_error="KeyError")}
    assert summary("active", {"methods patched": 54, "missing": 0, "open runs": 1}, lanes) == (
        "active: 54 methods patched, 1 open runs\n"
        "console: 1 delivered\n"
        "jsonl: 0 delivered, 2 failed; last error: KeyError"
    )
    assert summary("not active", {"methods patched": 0}, {}) == "not active"
