from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from opened_pages import Opened
    from threadtrail.events import Event

    Visit = Callable[..., Opened]

pytestmark = pytest.mark.slow

RUNS = samples.sample_runs()


def append(path: Path, *events: Event) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{event.to_json()}\n" for event in events)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    append(tmp_path / "runs.jsonl", *samples.events_of(RUNS["plain_answer"]))
    return tmp_path / "runs.jsonl"


@pytest.fixture
def address(recording: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "threadtrail", "view", str(recording), "--serve", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.send_signal(2)
        assert process.wait(240) == 0


def test_a_growing_file_is_followed(address: str, visit: Visit, recording: Path) -> None:
    opened = visit(address)
    page = opened.page
    page.get_by_text("● live").wait_for()
    assert opened.total("run") == "1"
    events = samples.events_of(RUNS["parallel_function_calls"])
    append(recording, *events[:-1])
    row = page.locator("#rows [role=row]", has_text="Compare the weather")
    page.locator("#rows .state.open").wait_for()
    page.goto(f"{address}#run_parallel_function_calls")
    page.locator("#detail", has_text="In progress").wait_for()
    append(recording, events[-1])
    row.wait_for()
    page.locator("#detail .note-box").wait_for(state="detached")
    assert all(request.startswith(address) for request in opened.requests)
