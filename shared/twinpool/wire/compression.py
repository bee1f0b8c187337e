"""Compression of bodies: only where it pays, and never larger on the way out than announced."""

from __future__ import annotations

import threading

import zstandard

from twinpool.errors import MalformedMessage

MAX_BODY_BYTES = 64 * 1024 * 1024  #: no body is larger than this, compressed or not
IDENTITY, ZSTD = "identity", "zstd"

_LEVEL = 1  #: higher levels cost several times as much for a tenth of the size
_WORTH_TRYING = 256  #: bytes; smaller bodies gain nothing
_WORTH_IT = 0.9  #: keep what became smaller than this share of the body


class _Contexts(threading.local):
    """A compressor and a decompressor for each thread, for they are not to be shared."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def compress(body: bytes) -> tuple[str, bytes]:
    """Return the encoding chosen, and the body in it."""
    if len(body) >= _WORTH_TRYING:
        compressed = _contexts.compressor.compress(body)
        if len(compressed) < len(body) * _WORTH_IT:
            return ZSTD, compressed
    return IDENTITY, body


def decompress(encoding: str, body: bytes, size: int) -> bytes:
    """Return the body, which has to be of the size announced. Raises `MalformedMessage`.

    Nothing is allocated beyond that size, whatever the frame claims.
    """
    if size > MAX_BODY_BYTES:
        raise MalformedMessage(f"the body has {size} bytes, {MAX_BODY_BYTES} are allowed", field="size")
    if encoding == ZSTD:
        body = _expand(body, size)
    elif encoding != IDENTITY:
        raise MalformedMessage(f"unknown encoding {encoding!r:.40}", field="encoding")
    if len(body) != size:
        raise MalformedMessage(f"the body has {len(body)} bytes, {size} were announced", field="size")
    return body


def _expand(body: bytes, size: int) -> bytes:
    try:
        # The library trusts a frame's own word on its size, so that word is checked first.
        if zstandard.frame_content_size(body) != size:
            raise MalformedMessage("the compressed body is not of the size announced", field="size")
        return _contexts.decompressor.decompress(body, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise MalformedMessage(f"the body cannot be decompressed: {error}") from error
