from __future__ import annotations

import pytest

from threadtrail.delivery.texts import all_fit, described_data_url, fits, truncator

SIZE = 1_000_000


@pytest.mark.parametrize(
    "text", ["", "a" * 99, "a" * 100, "a" * 101, "ä" * 50, "ä" * 51, "😀" * 25, "😀" * 26]
)
def test_fits_is_about_bytes(text: str) -> None:
    assert fits(text, 100) == (len(text.encode()) <= 100)
    assert all_fit({"k": ("x", [text])}, 100) == fits(text, 100)
    assert all_fit([{text: ("x",)}], 100) == fits(text, 100)


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
    "text",
    [
        "https://example.test/a,b",
        "data:no comma",
        "database, mine",
        "",
        "x" * 10_000,
        "Data: Anna, Ben and Carla were here",
        "Data:image/png, and what else there is",
        "data:image/png;base64, and so on",
        "data:image/png;base64,the words of a person",
        "DATA:,a sentence that is long",
        "data:" + "x" * 500 + ",ab",
        "data:" + "x" * 128 + "/y,ab",
        "data:image/png;name=a b,ab",
        " data:image/png;base64,AAAA",
    ],
)
def test_what_is_no_data_url_is_not_described(text: str) -> None:
    assert described_data_url(text) is None


@pytest.mark.parametrize(
    ("url", "described"),
    [
        ("data:,A%20brief%20note", ("text/plain", 12)),
        ("data:text/plain;charset=iso-8859-7,%be%fe%be", ("text/plain", 3)),
        ('data:text/plain;name="a, b.txt";base64,QUJD', ("text/plain", 3)),
        ("data:;charset=utf-8;base64,QUI=", ("text/plain", 2)),
        ("data:image/svg+xml;base64,QQ==", ("image/svg+xml", 1)),
        ("data:image/png;base64,QUJD\r\nQUJD\r\n", ("image/png", 6)),
        ("data:image/png;base64,QQ%3D%3D", ("image/png", 1)),
        ("Data:Image/PNG;BASE64,QUJD", ("Image/PNG", 3)),
    ],
)
def test_data_urls_are_those_of_rfc_2397(url: str, described: tuple[str, int]) -> None:
    assert described_data_url(url) == described


@pytest.mark.parametrize(
    "text",
    [
        "data:" + "a" * SIZE,
        "data:" + "a/" * SIZE,
        "data:a/b" + ";a=b" * SIZE,
        "data:a/b" + ';a="' * SIZE,
        "data:a/b;" + "base64;" * SIZE,
        "data:a/b;base64," + "A" * SIZE + "!",
        "data:," + "%" * SIZE,
    ],
)
def test_the_worst_texts_take_linear_time(text: str) -> None:
    """A quadratic pattern would take hours here."""
    described_data_url(text)
