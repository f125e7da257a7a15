"""Which addresses are one host."""

from __future__ import annotations

import pytest

from threadtrail.otlp.origins import key_mark, origin, same_origin


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://Cloud.example/a?b=c", "https://cloud.example"),
        ("https://cloud.example:443/", "https://cloud.example"),
        ("http://me:pw@cloud.example:8080", "http://cloud.example:8080"),
        ("http://[::1]:4318/v1", "http://[::1]:4318"),
        ("http://cloud.example:notaport", "http://cloud.example:notaport"),
        ("nonsense", "nonsense"),
    ],
)
def test_the_origin(address: str, expected: str) -> None:
    assert origin(address) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "https://a.example/path", True),
        ("https://a.example", "https://A.example:443", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://b.a.example", False),
        ("https://a.example", "https://a.example@b.example", False),
        ("https://a.example", "https://a.example.b.example", False),
    ],
)
def test_the_same_host(one: str, other: str, *, same: bool) -> None:
    assert same_origin(one, other) is same


def test_the_marks_of_keys_tell_them_apart_and_hold_nothing_of_them() -> None:
    assert key_mark("pk-lf-1") == key_mark("pk-lf-1") != key_mark("pk-lf-2")
    assert len(key_mark("a" * 64)) == len("key 0000")
