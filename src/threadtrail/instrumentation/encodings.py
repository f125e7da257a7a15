"""Undoes the content encodings of a body as the app's own HTTP library does, whichever it knows.

A decoder of its own is made for that, by the library's one method that makes them (``_get_content_decoder``,
httpx 0.27 and httpx2), so that nothing of the app's response is touched. An encoding that the library
does not know is skipped, since the app gets what came, too.
"""

from __future__ import annotations

import zlib
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADER = "content-encoding"

_ZLIB = type(zlib.decompressobj())

SLICE_BYTES = 4 * 1024
"""How much is decoded at once: decoders of httpx have no limit, and zlib makes a thousand times as much."""


class Decoding:
    """Decodes one body, piece by piece; whoever takes the pieces may stop at any one.

    ``knows_all`` says that the library knows each of the encodings.
    """

    def __init__(self, http_response: Any) -> None:
        names = [name.strip().lower() for name in http_response.headers.get(HEADER).split(",")]
        # The last that was applied is the first to be undone.
        made = [_decoder(http_response, name) for name in reversed(names) if name not in {"", "identity"}]
        self._decoders = [decoder for decoder in made if decoder is not None]
        self.knows_all: bool = len(self._decoders) == len(made)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what a piece of the body decodes to."""
        pieces: Iterator[bytes] = iter((data,))
        for decoder in self._decoders:
            pieces = _through(decoder, pieces)
        return pieces

    def flush(self) -> Iterator[bytes]:
        """Yield what was held back until the end of the body."""
        pieces: Iterator[bytes] = iter(())
        for decoder in self._decoders:
            pieces = chain(_through(decoder, pieces), _flushed(decoder))
        return pieces


def _decoder(http_response: Any, name: str) -> Any:
    """Return a new decoder of the library of this response; ``None`` if it knows no such encoding."""
    blank = object.__new__(type(http_response))
    blank.headers = type(http_response.headers)({HEADER: name})
    decoder = blank._get_content_decoder()  # the public ways need a body that is there as a whole
    return None if type(decoder).__name__ == "IdentityDecoder" else decoder


def _through(decoder: Any, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for begin in range(0, len(piece), SLICE_BYTES):
            if _is_over(decoder):
                return
            yield from _each(decoder.decode(piece[begin : begin + SLICE_BYTES]))


def _is_over(decoder: Any) -> bool:
    """Return whether a decoder of zlib has seen the end of what it decodes.

    What comes after that decodes to nothing, and zlib would copy all of it with each slice.
    """
    inner = decoder
    while inner is not None and type(inner) is not _ZLIB:
        inner = getattr(inner, "decompressor", None)
    return inner is not None and bool(inner.eof)


def _flushed(decoder: Any) -> Iterator[bytes]:
    yield from _each(decoder.flush())


def _each(decoded: bytes | Iterable[bytes]) -> Iterable[bytes]:
    """Return the pieces of what a decoder returned: bytes in httpx, an iterator of them in httpx2."""
    return (decoded,) if isinstance(decoded, bytes) else decoded
