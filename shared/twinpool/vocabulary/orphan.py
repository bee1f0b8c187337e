"""Changes that a pool accepted in a term that its partner had already ended: kept, never dropped in silence."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Instant, Position, Stream, Term


class Decision(enum.StrEnum):
    """What an operator made of an orphan."""

    REPLAYED = "replayed"  #: written again through the serving pool
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision, and whose it was."""

    decision: Decision
    by: str
    at: Instant
    note: str = ""


FINGERPRINT_BYTES = 16


def fingerprint(value: bytes) -> bytes:
    """Return what tells a value from others without being it."""
    return hashlib.blake2b(value, digest_size=FINGERPRINT_BYTES).digest()


class Untouched(NamedTuple):
    """A record that nobody has changed in the serving pool since its term began."""

    owner: str
    key: str
    fingerprint: bytes | None  #: of its value then and now; None: there was no record, and is none


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceFork:
    """What the serving pool said of an orphan's record when it was asked to repair it."""

    changed: bool  #: it had changed the record since the fork
    fingerprint: bytes | None = None  #: of the value at the fork, if it had not; None: there was no record


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """One divergent change of a pool that came back.

    One that was found by comparing records, because the log no longer reached back to the fork, has no position
    and no commit time.
    """

    number: int  #: in the ledger of the pool, growing
    stream: Stream
    term: Term  #: in which it was accepted
    position: Position | None
    committed_at: Instant | None
    change: Change
    verdict: Verdict | None = None  #: None while nobody has decided
    since_fork: SinceFork | None = None  #: None: the serving pool could not say, or has not been asked
    overtaken_by: int | None = None  #: number of the newest later orphan of the same record that is not discarded
