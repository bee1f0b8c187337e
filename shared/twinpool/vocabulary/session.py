"""Sessions and cursors: what fences a stream and where its importer stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import ORIGIN, Generation, Position, Term


class SessionId(NamedTuple):
    """One uninterrupted run of batches of a stream; sessions of a route only ever grow.

    They are compared as tuples: a higher term beats a higher lease generation, which beats a higher number.
    The number lives in the exporter's memory alone, for each new exporter has a new generation.
    """

    term: Term
    generation: Generation
    number: int

    def __str__(self) -> str:
        return f"{self.term}.{self.generation}.{self.number}"


class Cursor(NamedTuple):
    """How far an importer has applied a stream: everything up to `position`, last fed in `term`."""

    term: Term
    position: Position


#: Below every session that can be opened.
NO_SESSION = SessionId(Term(0), Generation(0), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """How far a snapshot has come that is being staged aside.

    A snapshot is a walk over the records, read in short pieces while writers go on, followed by every change
    set of the log after `position`. What a piece holds may be newer than `position`, but never newer than
    `settles_at`; so the staged records are a state that the source once had as soon as the change sets up to
    `settles_at` have been applied on top, and not before.

    It belongs to the term in which it was begun, and is forgotten when a session of a higher one is noted.
    """

    position: Position  #: the log has to be applied from here on
    walked_to: RecordKey | None  #: last record that is staged; None before the first
    settles_at: Position | None  #: known once the walk is complete


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """What an importer durably knows of a stream."""

    cursor: Cursor | None  #: None if it has never held a consistent state of this stream
    session: SessionId  #: the newest session noted; batches of older ones are dropped
    staging: Staging | None  #: a snapshot under way


#: What an importer knows of a stream of which it has never heard.
UNKNOWN_STREAM = ImportProgress(cursor=None, session=NO_SESSION, staging=None)

#: Where a stream begins, before anything was applied.
BEGINNING = Cursor(Term(0), ORIGIN)
