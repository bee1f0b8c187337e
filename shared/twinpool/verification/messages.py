"""What the two sides of a verification say to each other.

The source is the pool that serves the home; it asks. The replica answers, from a piece that it has read in one moment
and keeps until the next one is asked for. Asking twice does no harm; what is answered twice is recognised by its step.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from twinpool.verification.digests import DigestMethod, KeyRange, RangeDigest
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Digest
from twinpool.vocabulary.session import Cursor

MOST_KEYS = 100_000  #: that one message names


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceWanted:
    """Source: read this piece of the stream in one moment, keep it, and say what it comes to."""

    verification: str
    step: int  #: grows with each thing that is asked
    within: KeyRange
    limit: int  #: records; where there are more, the piece ends earlier
    methods: tuple[DigestMethod, ...]  #: by which we can digest, the one that we like best first


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceRead:
    """Replica: that is done."""

    verification: str
    step: int
    piece: int  #: by which this very reading is known; drawn at random, so that nobody takes another one for it
    cursor: Cursor | None  #: at which the records stood in that moment
    upto: RecordKey | None  #: where the piece ends
    total: RangeDigest
    method: DigestMethod  #: by which it was digested


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsWanted:
    """Source: tell about parts of the piece that you keep."""

    verification: str
    step: int
    piece: int  #: see `PieceRead`
    within: KeyRange
    excluded: tuple[RecordKey, ...]  #: leave these out, from now on; they have changed since your position
    boundaries: tuple[RecordKey, ...]  #: tell what each part between these comes to
    each: bool  #: name all records with their digests instead


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsRead:
    """Replica: what was asked for."""

    verification: str
    step: int
    parts: tuple[RangeDigest, ...]
    records: tuple[tuple[RecordKey, int], ...]  #: in the order of their keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCheckWanted:
    """Source: read the files that these records name, and say which are missing or damaged."""

    verification: str
    step: int
    within: KeyRange
    remove: tuple[Digest, ...]  #: those of them that are damaged are to be removed, so that they are fetched again


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChecked:
    """Replica: that is done, as far as the work for one answer goes."""

    verification: str
    step: int
    upto: RecordKey | None  #: where this answer ends; None if there are no more records
    files: int  #: how many were read
    damaged: tuple[tuple[RecordKey, Digest], ...]  #: which record names what is not here or not what it was


class Hindrance(enum.StrEnum):
    """Why a replica cannot answer."""

    SERVES = "serves"  #: it serves the home itself, by what it knows
    FORGOTTEN = "forgotten"  #: it does not keep that piece (any more); ask for it again
    NOT_NOW = "not-now"  #: its store does not answer, or it holds no state of the stream; try later


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindered:
    """Replica: this cannot be answered."""

    verification: str
    step: int
    hindrance: Hindrance
    reason: str


FromSource = PieceWanted | PartsWanted | ContentCheckWanted
FromReplica = PieceRead | PartsRead | ContentChecked | Hindered
VerificationMessage = FromSource | FromReplica
