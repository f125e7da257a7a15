"""Parked units are on disk: found again by their keys and by their time, in memory that is flat."""

from __future__ import annotations

import logging
import math
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from threadtrail.collecting import temporary
from threadtrail.collecting.parked import Parked, Parking
from threadtrail.collecting.place import Entry
from threadtrail.collecting.units import Unit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from threadtrail.collecting.keys import Key


@pytest.fixture
def parking() -> Iterator[Parking]:
    parking = Parking()
    yield parking
    parking.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def key(number: int, of: str = "run") -> Key:
    return of, ("openai", "api.openai.com", 443), f"{of}_{number}"


def unit(number: int, *groups: str, touched: float | None = None) -> Unit:
    """A unit of an open run and a call, with an entry in each group."""
    time = float(number) if touched is None else touched
    made = Unit(number=number, began=time - 1, touched=time, keys={key(number), key(number, "call")})
    made.runs[key(number)] = False
    for place, group in enumerate(groups or ("0",)):
        made.entries.append(Entry(token=(number, place), line=b"{}", group=group, attempts=2))
    return made


def numbers(units: Iterable[Parked]) -> list[int]:
    return [parked.number for parked in units]


def test_units_are_found_by_each_of_their_keys(parking: Parking) -> None:
    assert parking.of([key(1)]) == []
    assert parking.put([unit(number) for number in range(1_000)], lines=False)
    assert len(parking) == parking.open_runs == 1_000
    assert parking.oldest == -1
    for of in ("run", "call"):
        (found,) = parking.of([key(7, of)])
        assert found.entries == (Entry(token=(7, 0), line=b"", group="0", attempts=2),)
        assert (found.began, found.touched) == (6, 7)
    assert numbers(parking.of([key(9), key(2_000), key(8), key(8, "call")])) == [8, 9]
    assert parking.knows(key(999))
    assert not parking.knows(key(1_000))


def test_those_of_which_nothing_has_come_for_the_longest_time_are_first(parking: Parking) -> None:
    assert parking.untouched(math.inf, 9) == []
    parking.put([unit(number, touched=100 - number) for number in range(50)], lines=False)
    parking.put([unit(number, touched=100 - number) for number in range(50, 100)], lines=False)
    assert parking.untouched_since == 1
    assert numbers(parking.untouched(math.inf, 3)) == [99, 98, 97]
    assert numbers(parking.untouched(2, 3)) == [99, 98]
    assert parking.untouched(0.5, 3) == []


def test_what_is_taken_out_is_no_longer_there(parking: Parking) -> None:
    parking.put([unit(number) for number in range(10)], lines=False)
    parking.remove(parking.of([key(0), key(1), key(5)]))
    assert len(parking) == parking.open_runs == 7
    assert (parking.oldest, parking.untouched_since) == (1, 2)
    assert parking.of([key(5, "call"), key(1), key(0)]) == []
    parking.put([unit(5)], lines=False)
    parking.remove(parking.untouched(math.inf, 100))
    assert len(parking) == parking.open_runs == 0
    assert parking.oldest is parking.untouched_since is None


def test_entries_of_lost_groups_are_forgotten(parking: Parking) -> None:
    groups = ("0", "1", "01")
    parking.put([unit(number, *groups[: 1 + number % 3]) for number in range(1_500)], lines=True)
    parking.forget({"0"})
    assert len(parking) == 1_000
    assert parking.of([key(3)]) == []
    (found,) = parking.of([key(5)])
    assert [entry.group for entry in found.entries] == ["1", "01"]
    parking.forget({"1", "2"})
    assert len(parking) == parking.open_runs == 500
    (found,) = parking.of([key(5, "call")])
    assert found.entries == (Entry(token=(5, 2), line=b"{}", group="01", attempts=2),)


@pytest.mark.slow
def test_memory_is_flat(parking: Parking) -> None:
    units = [unit(number) for number in range(500)]

    def park(first: int, last: int) -> None:
        for start in range(first, last, 500):
            for number, each in enumerate(units, start):
                each.number, each.touched, each.keys = number, number, {key(number), key(number, "call")}
            assert parking.put(units, lines=False)

    park(0, 85_000)
    tracemalloc.start()
    try:
        park(85_000, 100_000)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 500_000
    assert len(parking) == 100_000
    assert numbers(parking.of([key(77_777, "call")])) == [77_777]
    assert numbers(parking.untouched(math.inf, 2)) == [0, 1]


def test_the_file_has_no_name_and_is_gone(folder: Path) -> None:
    parking = Parking()
    parking.put([unit(number) for number in range(10_000)], lines=True)
    assert list(folder.iterdir()) == []
    parking.close()
    parking.close()
    assert len(parking) == 10_000


def test_without_a_folder_for_temporary_files_they_are_in_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, parking: Parking
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "none"))
    for start in (0, 500):
        assert parking.put([unit(number) for number in range(start, start + 500)], lines=True)
    assert numbers(parking.of([key(700)])) == [700]
    assert parking.trouble is None
    ((_, level, text),) = caplog.record_tuples
    assert level == logging.WARNING
    assert text.endswith("Name a folder for it in TMPDIR")


def test_where_tmpdir_is_not_set_another_folder_is_better(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting = folder / "lasting"
    lasting.mkdir()
    monkeypatch.setattr(temporary, "LASTING", str(lasting))
    assert Path(made(monkeypatch)).parent == folder
    monkeypatch.delenv("TMPDIR")
    assert Path(made(monkeypatch)).parent == lasting
    lasting.rmdir()
    assert Path(made(monkeypatch)).parent == folder


def made(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return where a database is made."""
    names: list[str] = []
    connected = temporary._connected

    def noting(name: str, tables: str) -> sqlite3.Connection:
        names.append(name)
        return connected(name, tables)

    with monkeypatch.context() as patch:
        patch.setattr(temporary, "_connected", noting)
        temporary.TemporaryDatabase("").close()
    return names[0]


def test_while_the_disk_is_full_nothing_is_parked_and_nothing_is_lost(
    parking: Parking, caplog: pytest.LogCaptureFixture
) -> None:
    parking.put([unit(number) for number in range(500)], lines=True)
    assert parking._database is not None
    connection = parking._database.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    for _ in range(3):
        assert not parking.put([unit(number) for number in range(500, 1_500)], lines=True)
    assert len(parking) == parking.open_runs == 500
    assert parking.trouble == "temporary file: database or disk is full"
    assert [text.endswith(parking.trouble) for *_, text in caplog.record_tuples] == [True]
    assert parking.of([key(1_200)]) == []
    assert numbers(parking.of([key(200)])) == [200]
    parking.remove(parking.untouched(math.inf, 250))
    assert parking.put([unit(number) for number in range(500, 600)], lines=True)
    assert parking.trouble is None
    connection.execute("PRAGMA max_page_count = 1000000")
    assert parking.put([unit(number) for number in range(600, 1_500)], lines=True)
    assert numbers(parking.untouched(math.inf, 9_999)) == list(range(250, 1_500))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_its_size_is_bounded(parking: Parking) -> None:
    parking.put([unit(number) for number in range(500)], lines=True)
    assert parking._database is not None
    parking._database.max_bytes = 4_096
    assert not parking.put([unit(500)], lines=True)
    assert parking.trouble is not None
    parking.remove(parking.untouched(math.inf, 500))
    parking._database.max_bytes = 50_000
    assert parking.put([unit(500)], lines=True)
    assert len(parking) == 1
