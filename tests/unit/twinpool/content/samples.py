"""Content of any size without a file of it in memory, for the tests beside this."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from twinpool.content.store import ContentStore
from twinpool.vocabulary.names import Digest

MIB = 1024 * 1024


def digest_of(*chunks: bytes) -> Digest:
    return Digest(hashlib.blake2b(b"".join(chunks), digest_size=32).hexdigest())


def stored(store: ContentStore, *chunks: bytes) -> Digest:
    with store.incoming() as incoming:
        for chunk in chunks:
            incoming.write(chunk)
        return incoming.keep().digest


def mebibytes(count: int) -> Iterator[bytes]:
    """Chunks of one MiB, each different."""
    return (number.to_bytes(4, "big") * (MIB // 4) for number in range(count))
