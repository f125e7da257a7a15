"""What a check reports when nobody answers: the system's message, and the address without its secrets."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from threadtrail.checks import no_answer, shown_address
from threadtrail.testing import unused_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail import CheckError


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"


def asked(address: str, timeout: float = 5.0) -> CheckError:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - what it is, is what this is about
        urllib.request.urlopen(address, timeout=timeout)  # noqa: S310 - loopback
    return no_answer(address, caught.value, timeout)


def test_refused() -> None:
    address = f"http://127.0.0.1:{unused_port()}/v1"
    error = asked(address)
    assert error.problem == f"Nothing answers at {address}: Connection refused."
    assert error.advice == "Start the server there, or correct the address."
    assert str(error) == f"{error.problem} {error.advice}"


def test_no_answer_in_time(silent: str) -> None:
    error = asked(silent, 0.1)
    assert error.problem == f"{silent} did not answer within 0.1 seconds."


def test_the_reason_is_found_however_deep_it_is() -> None:
    try:
        try:
            raise ssl.SSLCertVerificationError(1, "certificate verify failed")
        except OSError as inner:
            raise URLError(inner) from None
    except URLError as outer:
        error = no_answer("https://x.test", RuntimeError("quotes sk-secret", outer), 1.0)
    assert error.problem == "Nothing answers at https://x.test: certificate verify failed."
    assert error.advice == "Check the address, and the certificate of the server there."


def test_a_name_that_is_not_known_is_not_a_server_to_start() -> None:
    unknown = URLError(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    error = no_answer("https://x.test", unknown, 1.0)
    assert error.problem == "Nothing answers at https://x.test: Name or service not known."
    assert error.advice == "Correct the host name, or check the network of this machine."


def test_without_a_reason_the_kind_of_error_is_named_and_not_its_words() -> None:
    error = no_answer("http://x.test", ValueError("quotes sk-secret"), 1.0)
    assert error.problem == "Nothing answers at http://x.test: ValueError."


def test_errors_that_point_at_each_other_end() -> None:
    first, second = ValueError("one"), KeyError("two")
    first.__cause__, second.__cause__ = second, first
    assert no_answer("http://x.test", first, 1.0).problem.endswith("KeyError.")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
        ("https://user:pass@x.test/a?api_key=secret#part", "https://x.test/a"),
        ("x.test", "x.test"),
        ("rediss://app:s3cret@x.test:6379/0?ssl_ca_certs=a.pem", "rediss://x.test:6379/0"),
        ("unix:///run/redis.sock?db=0", "unix:///run/redis.sock"),
        ("unix://app:s3cret@/run/redis.sock", "unix:///run/redis.sock"),
        ("redis://:pa/ss@x.test", "x.test"),
        ("redis://:12/34@x.test", "x.test"),
    ],
)
def test_addresses_are_shown_without_their_secrets(address: str, shown: str) -> None:
    assert shown_address(address) == shown
