"""What verification needs of the pool store: the digests of records, with where they stand, all of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twinpool.verification.digests import SHA_256, DigestMethod, KeyRange
from twinpool.verification.reading import DigestedRecords
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Position, Stream
from twinpool.vocabulary.session import Cursor

MOST_TOUCHED = 20_000  #: changes behind a position; with more, the replica had better catch up first
MOST_TOUCHED_BYTES = 64 * 1024 * 1024  #: of payload, likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDigests:
    """Digests of records of one moment, and where the stream stood in it."""

    records: DigestedRecords  #: none if `touched` is None: nothing could be concluded from them
    whole: bool  #: these are all records of the range; else the first ones, and there are more
    cursor: Cursor | None  #: how far the stream had been imported
    touched: Sequence[RecordKey] | None  #: of the range, what has changed behind a position; None if too much
    oldest: Position  #: the log is complete behind this


class Verifying(Protocol):
    """Reading for a verification. Raises `StoreUnavailable`."""

    def digest_methods(self) -> Sequence[DigestMethod]:
        """Say by which methods this store can digest just now, the cheapest first; `SHA_256` is always one of them."""

    def read_digests(
        self,
        stream: Stream,
        within: KeyRange,
        *,
        limit: int,
        behind: Position | None = None,
        method: DigestMethod = SHA_256,
    ) -> ReadDigests:
        """Digest up to `limit` records of a range in key order, at least one if there is any.

        With `behind`, tell as well of which records of the range the log has changes behind that position. One
        short transaction sees all of it, and nothing that is being written meanwhile; no writer is held up. Raises
        `StoreUnavailable` as well where the method is none that the store knows just now.
        """
