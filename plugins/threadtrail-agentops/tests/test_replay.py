"""A recording that is replayed arrives as what was exported live: the same traces, with the same ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from replay_story import check_killed, killed_and_replayed, live, replayed

from agentops_receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer


def test_a_replay_sends_what_was_sent_live(
    server: AssistantsServer,
    client: OpenAI,
    receiver: Receiver,
    options: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    strict: None,
) -> None:
    live(server, client, "agentops", options, tmp_path / "runs.jsonl")
    with Receiver() as other:
        use(other, monkeypatch)
        replayed(tmp_path / "runs.jsonl", "agentops")
        sent, again = ({span.span_id: span for span in each.spans} for each in (receiver, other))
        assert len(sent) == len(receiver.spans) == len(other.spans)
        assert again == sent


@pytest.mark.slow
def test_a_replay_that_was_killed_goes_on(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(receiver, monkeypatch)
    count = killed_and_replayed(tmp_path / "runs.jsonl", "agentops", receiver, lambda: receiver.spans)
    check_killed(count, spans_of_each=2)


def use(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in receiver.variables.items():
        monkeypatch.setenv(name, value)
