"""A recording that is replayed arrives as what was exported live: the same traces, with the same ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from replay_story import check_killed, killed_and_replayed, live, replayed

from langfuse_receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

    from langfuse_stage import Stage


def test_a_replay_sends_what_was_sent_live(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(stage.server, stage.client, "langfuse", {}, tmp_path / "runs.jsonl")
    with Receiver() as other:
        monkeypatch.setenv("LANGFUSE_BASE_URL", other.url)
        replayed(tmp_path / "runs.jsonl", "langfuse")
        # A run that was published as unfinished comes once more, and replaces what came before.
        sent, again = (sorted(each.all_observations, key=repr) for each in (stage.langfuse, other))
        assert again == sent


@pytest.mark.slow
def test_a_replay_that_was_killed_goes_on(langfuse: Receiver, tmp_path: Path) -> None:
    count = killed_and_replayed(
        tmp_path / "runs.jsonl", "langfuse", langfuse, lambda: langfuse.all_observations
    )
    check_killed(count, spans_of_each=2)
