from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail import cli
from threadtrail.commands.view.html import STYLES, document, policy, program, stylesheet
from threadtrail.commands.view.packing import script_json
from threadtrail.testing import samples
from threadtrail.values import TextPart

if TYPE_CHECKING:
    from pathlib import Path

PAGE = resources.files("threadtrail.commands.view").joinpath("page")
RUN = samples.sample_runs()["plain_answer"]
TOP_LEVEL = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(f"{event.to_json()}\n" for event in samples.sample_events()), encoding="utf-8")
    return path


def index_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="index">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    index: dict[str, Any] = json.loads(found[1])
    return index


def details_of(page: str) -> list[dict[str, Any]]:
    chunks = re.findall(r'id="chunk-\d+">([^<]*)</script>', page)
    return [detail for chunk in chunks for detail in json.loads(zlib.decompress(base64.b64decode(chunk)))]


def test_the_page_holds_every_row_and_its_detail(recording: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert cli.main(["view", str(recording), "--output", str(output), "--title", "Lesson"]) == 0
    assert output.stat().st_mode & 0o777 == 0o600
    page = output.read_text(encoding="utf-8")
    index = index_of(page)
    assert index["title"] == "Lesson"
    handles = [row[0] for row in index["rows"]]
    assert handles == [detail["handle"] for detail in details_of(page)]
    assert len(index["places"]) == len(handles)


def test_what_could_not_be_read_stands_on_the_page_and_on_standard_error(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with recording.open("a", encoding="utf-8") as file:
        file.write('{"event": "RunPaused", "time": 1}\n{"event": "RunEn')
    output = tmp_path / "report.html"
    assert cli.main(["view", str(recording), "--output", str(output)]) == 0
    problems = index_of(output.read_text(encoding="utf-8"))["problems"]
    assert [("incomplete" in problem, "RunPaused" in problem) for problem in problems] == [
        (True, False),
        (False, True),
    ]
    assert capsys.readouterr().err == "".join(f"threadtrail: {problem}\n" for problem in problems)


def test_without_a_name_the_page_is_a_private_file_that_is_opened(
    recording: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    opened: list[str] = []

    def opens(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", opens)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    assert cli.main(["view", str(recording)]) == 0
    (page,) = (tmp_path / "private").iterdir()
    assert opened == [page.as_uri()]
    assert page.stat().st_mode & 0o777 == 0o600
    assert cli.main(["view", str(recording), "--no-open"]) == 0
    assert len(opened) == 1
    assert capsys.readouterr().out.strip().endswith(".html")


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"level": "info"}\n', encoding="utf-8")
    assert cli.main(["view", str(other), "--no-open"]) == 2
    assert "no line of" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["view", str(recording), "--output", str(tmp_path / "none" / "page.html")]) == 2
    assert "cannot write" in capsys.readouterr().err
    assert cli.main(["view", str(recording), "--output", "page.html", "--serve"]) == 2
    assert "--serve writes no page" in capsys.readouterr().err


def test_content_cannot_leave_its_script_element() -> None:
    text = script_json({"a": "</script><script>alert(1)</script><!-- & \u2028"})
    assert re.search(r"[<>&\u2028]", text) is None
    assert json.loads(text)["a"].startswith("</script>")


def test_placeholders_in_content_are_left_alone() -> None:
    page = document(script_json({"title": "{{script}} {{policy}}"}), [])
    assert index_of(page)["title"] == "{{script}} {{policy}}"


def test_the_policy_allows_only_the_page_itself() -> None:
    digest = base64.b64encode(hashlib.sha256(program().encode()).digest()).decode()
    rules = policy(stylesheet(), program(), live=False)
    assert "default-src 'none'" in rules
    assert f"script-src 'sha256-{digest}'" in rules
    assert "connect-src 'none'" in rules
    assert "unsafe" not in rules
    assert "http" not in rules


def test_all_files_of_the_page_are_in_it_once_and_their_names_do_not_clash() -> None:
    names = {path.name for path in PAGE.iterdir()}
    assert {name for name in names if name.endswith(".css")} == {f"{name}.css" for name in STYLES}
    script = program()
    for name in names:
        if name.endswith(".js"):
            first = PAGE.joinpath(name).read_text(encoding="utf-8").splitlines()[0]
            assert script.count(first) == 1, name
    found = TOP_LEVEL.findall(script)
    assert sorted(found) == sorted(set(found))
    assert re.search(r"^(import|export) ", script, re.MULTILINE) is None


def test_nothing_makes_elements_of_text() -> None:
    script = program()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"):
        assert word not in script


def test_a_chunk_is_small_and_a_long_answer_has_one_of_its_own(tmp_path: Path) -> None:
    text = "a < b & c " * 200_000
    big = replace(RUN, id="run_big", output=(replace(RUN.output[0], parts=(TextPart(text=text),)),))
    events = [event for run in (RUN, big, replace(RUN, id="run_3")) for event in samples.events_of(run)]
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(f"{event.to_json()}\n" for event in events), encoding="utf-8")
    assert cli.main(["view", str(path), "--output", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(set(index_of(page)["places"])) == 2
    assert text in json.dumps(details_of(page))
