"""Records, the changes made to them, and the change sets that the log keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from twinpool.vocabulary.names import Instant, Position, Stream, Term


class Record(NamedTuple):
    """What a module stores: opaque bytes under (owner, key)."""

    owner: str
    key: str
    value: bytes


class RecordKey(NamedTuple):
    """Where a record stands; the order of a stream's records is the order of these by code point."""

    owner: str
    key: str


class Change(NamedTuple):
    """One put or delete of a record. A named tuple, for it is made a hundred thousand times a second."""

    owner: str
    key: str
    value: bytes | None  #: None deletes; deleting what is not there is no error


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What a client wants to be committed together: the changes of one stream."""

    stream: Stream
    changes: tuple[Change, ...]  #: at least one; later ones win over earlier ones of the same record
    payload: bytes  #: the same changes, encoded once by `twinpool.wire.encode_changes`


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The store's word that a transaction is durable."""

    position: Position
    term: Term  #: the term of the home in which it was accepted
    at: Instant


class ChangeSet(NamedTuple):
    """The changes of one committed transaction, as the log keeps them and the wire carries them."""

    position: Position
    committed_at: Instant
    change_count: int
    payload: bytes  #: opaque until the importer applies it; see `twinpool.wire.decode_changes`


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What lies in the log behind a position."""

    changes: int
    bytes: int  #: of payload
    oldest_at: Instant | None  #: commit time of the oldest pending change set, None if nothing is pending
