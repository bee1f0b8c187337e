"""Short ways to move a home between two pools, for the tests of terms and orphans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.conformance.streams import FOR_LONG, HOME, MODULE, PARTNER, POOL, STREAM
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import (
    ORIGIN,
    FrontEndName,
    Generation,
    ModuleName,
    PoolFqdn,
    Position,
    Term,
)
from twinpool.vocabulary.session import SessionId
from twinpool.wire import decode_changes


@dataclass
class Side:
    """A pool's store, and the lease of its one front end."""

    store: Store
    generation: Generation = field(init=False)
    sessions: int = 0

    def __post_init__(self) -> None:
        self.generation = self.store.acquire_lease(FrontEndName("fe1"), FOR_LONG).generation
        first = HomeStatus(home=HOME, term=Term(1), serving_pool=POOL, mode=Mode.READ_WRITE)
        self.store.declare_home(first)

    @property
    def status(self) -> HomeStatus:
        return next(status for status in self.store.homes() if status.home == HOME)

    def session(self, term: int) -> SessionId:
        """Note a new session of a term."""
        self.sessions += 1
        session = SessionId(Term(term), Generation(1), self.sessions)
        self.store.note_session(STREAM, session, generation=self.generation)
        return session

    def import_from(self, source: Store, *, up_to: int | None = None) -> Position:
        """Apply what the source's log has behind our cursor; an unknown stream is begun at its beginning."""
        store = self.store
        session = self.session(next(status.term for status in source.homes() if status.home == HOME))
        if store.import_progress(STREAM).cursor is None:
            store.begin(STREAM, session=session, generation=self.generation)
        cursor = store.import_progress(STREAM).cursor
        assert cursor is not None
        at = cursor.position
        assert source.oldest(STREAM) <= at, "only a snapshot helps"
        for each in source.collect(STREAM, after=at, max_changes=1 << 20, max_bytes=1 << 30):
            if up_to is None or each.position <= up_to:
                changes = decode_changes(each.payload)
                store.apply(STREAM, changes, session=session, after=at, upto=each.position, generation=self.generation)
                at = each.position
        return at

    def stage_all(self, records: Sequence[Record], *, term: int, position: int) -> SessionId:
        """Stage a whole snapshot, ready to be swapped in."""
        session, at = self.session(term), Position(position)
        self.store.begin_staging(STREAM, session=session, position=at, generation=self.generation)
        walked_to = RecordKey(*records[-1][:2]) if records else None
        self.store.stage(
            STREAM, records, session=session, walked_to=walked_to, settles_at=at, generation=self.generation
        )
        return session

    def take_over(self, term: int, *modules: ModuleName) -> list[TermBeginning]:
        return self.store.take_over(HOME, modules or [MODULE], term=Term(term), generation=self.generation)

    def give_up(self, term: int, to: PoolFqdn = PARTNER) -> list[TermBeginning]:
        self.store.set_mode(HOME, Mode.READ_ONLY, generation=self.generation)
        return self.store.give_up(HOME, [MODULE], term=Term(term), to=to, generation=self.generation)

    def demote_to(self, other: Side) -> int:
        """Give way to the other side, as it tells of itself; return the orphans of the stream."""
        status = other.status
        counts = self.store.demote(
            HOME,
            other.store.history(HOME),
            serving_pool=status.serving_pool,
            term=status.term,
            generation=self.generation,
        )
        return counts[MODULE]


def beginning(term: int, position: int, *, pool: PoolFqdn = PARTNER, module: ModuleName = MODULE) -> TermBeginning:
    """Say how a term began."""
    return TermBeginning(home=HOME, module=module, term=Term(term), serving_pool=pool, position=Position(position))


def logged(store: Store, *, after: int = ORIGIN) -> list[tuple[Position, list[Change]]]:
    """Return what a log holds behind a position."""
    found = store.collect(STREAM, after=Position(after), max_changes=1 << 20, max_bytes=1 << 30)
    return [(each.position, decode_changes(each.payload)) for each in found]
