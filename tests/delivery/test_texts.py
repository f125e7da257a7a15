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
def test_truncation_is_valid_and_bounded_at_every_limit(character: str) -> None:
    text = character * 200
    for limit in range(30, 220):
        short = truncator(limit)(text)
        assert len(short.encode()) <= max(limit, 29)
        if short != text:
            kept, _, marker = short.partition("… ")
            assert text.startswith(kept)
            assert marker == f"[truncated, {len(text.encode())} bytes]"
            assert truncator(limit)(short) == short


@pytest.mark.parametrize(
    "text", ["https://example.test/a,b", "data:no comma", "database, mine", "", "x" * 10_000]
)
def test_what_is_no_data_url_is_not_described(text: str) -> None:
    assert described_data_url(text) is None


def test_a_media_type_that_is_none_is_not_repeated() -> None:
    assert described_data_url("data:" + "x" * 500 + ",ab") == ("text/plain", 2)
