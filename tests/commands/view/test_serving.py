from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail import cli
from threadtrail.commands.view.live import LivePage
from threadtrail.commands.view.serving import HEADERS, PageServer
from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = samples.events_of(samples.sample_runs()["plain_answer"])
OTHER = samples.events_of(samples.sample_runs()["failed"])


def append(path: Path, *events: Any) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{event.to_json()}\n" for event in events)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    append(tmp_path / "runs.jsonl", *RUN)
    return tmp_path / "runs.jsonl"


@pytest.fixture
def server(recording: Path) -> Iterator[PageServer]:
    server = PageServer(LivePage([recording], "test"))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(200)
    assert not thread.is_alive()


def get(server: PageServer, path: str, token: str | None = None, **headers: str) -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=200)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    own = server.url.split("/")[3]
    connection.request("GET", f"/{own if token is None else token}/{path}", headers=named)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.headers


def test_the_page_its_details_and_what_changes(server: PageServer, recording: Path) -> None:
    status, page, headers = get(server, "")
    assert status == 200
    assert "connect-src 'self'" in page
    assert {name: headers[name] for name in HEADERS} == HEADERS
    status, text, _ = get(server, "detail?handle=run_plain_answer")
    assert json.loads(text)["id"] == "run_plain_answer"
    assert get(server, "detail?handle=run_of_nobody")[0] == 404
    assert json.loads(get(server, "search?word=equation&word=math")[1]) == ["run_plain_answer"]
    assert json.loads(get(server, "search?word=nowhere")[1]) == []
    append(recording, *OTHER)
    changes = json.loads(get(server, "changes?since=1")[1])
    assert changes["version"] == 2
    assert [row[0] for row in changes["rows"]] == ["run_failed"]
    everything = json.loads(get(server, "changes?since=0")[1])
    assert [row[0] for row in everything["rows"]] == ["run_plain_answer", "run_failed"]


def test_a_run_in_progress_is_followed_to_its_end(recording: Path) -> None:
    append(recording, *OTHER[:-1])
    page = LivePage([recording], "test")
    (open_row,) = [row for row in page.changes(0)["rows"] if row[0] == "run_failed"]
    assert "open" in open_row
    append(recording, OTHER[-1])
    while page.changes(1)["version"] == 1:
        page.update()
    (row,) = page.changes(1)["rows"]
    assert row[0] == "run_failed"
    assert "bad" in row


@pytest.mark.parametrize(
    ("path", "token", "headers", "status"),
    [
        ("", "wrong", {}, 404),
        ("detail?handle=run_plain_answer", "", {}, 404),
        ("", None, {"Host": "evil.example.com"}, 421),
        ("changes?since=0", None, {"Sec_Fetch_Site": "cross-site"}, 403),
        ("detail?handle=run_plain_answer", None, {"Sec_Fetch_Site": "same-site"}, 403),
        ("changes?since=0", None, {"Sec_Fetch_Site": "same-origin"}, 200),
    ],
)
def test_nobody_else_is_answered(
    server: PageServer, path: str, token: str | None, headers: dict[str, str], status: int
) -> None:
    answered, text, sent = get(server, path, token, **headers)
    assert answered == status
    assert ("plain_answer" in text) == (status == 200)
    assert "access-control-allow-origin" not in {name.lower() for name in sent}


def test_two_servers_have_two_tokens_and_a_taken_port_is_an_error(
    server: PageServer, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(server.url.split("/")[3]) >= 32
    command = ["view", str(recording), "--serve", "--no-open", "--port", str(server.port)]
    assert cli.main(command) == 2
    assert f"cannot serve on port {server.port}" in capsys.readouterr().err
