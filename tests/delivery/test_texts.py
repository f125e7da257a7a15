from __future__ import annotations

import pytest

from threadtrail.delivery.texts import all_fit, described_data_url, fits, truncator


@pytest.mark.parametrize(
    "text", ["", "a" * 99, "a" * 100, "a" * 101, "ä" * 50, "ä" * 51, "😀" * 25, "😀" * 26]
)
def test_fits_is_about_bytes(text: str) -> None:
    assert fits(text, 100) == (len(text.encode()) <= 100)
    assert all_fit({"k": ("x", [text])}, 100) == fits(text, 100)


@pytest.mark.parametrize("character", ["a", "ä", "€", "😀"])
def test_as_many_whole_characters_are_kept_as_the_limit_has_room_for(character: str) -> None:
    text, size = character * 200, len(character.encode())
    for limit in range(1, 200 * size):
        kept, _, marker = truncator(limit)(text).partition("… ")
        assert kept == character * (limit // size)
        assert marker == f"[truncated, {200 * size} bytes]"
    assert truncator(200 * size)(text) == text


def test_a_limit_shorter_than_the_marker_keeps_what_it_says() -> None:
    assert truncator(7)("My account number is 1234. " * 10) == "My acco… [truncated, 270 bytes]"


@pytest.mark.parametrize(
    "text", ["https://example.test/a,b", "data:no comma", "database, mine", "", "x" * 10_000]
)
def test_what_is_no_data_url_is_not_described(text: str) -> None:
    assert described_data_url(text) is None


def test_a_media_type_that_is_none_is_not_repeated() -> None:
    assert described_data_url("data:" + "x" * 500 + ",ab") == ("text/plain", 2)
