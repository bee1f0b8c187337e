"""What a store can keep as the text of a key, told before it is tried.

One rule for all stores, or else a pool could accept what its partner can never import.
"""

from __future__ import annotations

from collections.abc import Sequence

from twinpool.errors import InvalidRecord
from twinpool.vocabulary.names import Stream

MAX_KEY_BYTES = 2_600  #: of owner and key together; an index entry of PostgreSQL holds 2,704 bytes
_SURELY_SHORT = MAX_KEY_BYTES // 4  # characters, at four bytes each


def check_text(*texts: str) -> None:
    """Raise `InvalidRecord` for what is no text to PostgreSQL: NUL, and lone surrogates."""
    whole = "".join(texts)
    if "\0" in whole:
        raise InvalidRecord("the character NUL cannot be stored in text", field="key")
    try:
        whole.encode()
    except UnicodeEncodeError as error:
        raise InvalidRecord(f"text that is no Unicode: {error.reason}", field="key") from error


def check_keys(records: Sequence[tuple[str, str, object]]) -> None:
    """Raise `InvalidRecord` if an owner and key cannot be stored or are too long for an index.

    Looks at all of them together, as a batch has ten thousand and all of them are as they should be.
    """
    if not records:
        return
    owners, keys, _ = zip(*records, strict=True)
    check_text(*owners, *keys)
    if max(map(len, owners)) + max(map(len, keys)) > _SURELY_SHORT:
        for owner, key, _ in records:
            if len(owner.encode()) + len(key.encode()) > MAX_KEY_BYTES:
                raise InvalidRecord(f"owner and key are longer than {MAX_KEY_BYTES} bytes together", field="key")


def check_stream(stream: Stream) -> None:
    """Raise `InvalidRecord` if the names of a stream cannot be stored."""
    check_text(stream.home, stream.module)


__all__ = ["MAX_KEY_BYTES", "check_keys", "check_stream", "check_text"]
