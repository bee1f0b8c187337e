"""What must hold at each moment of a schedule, and once it is calm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twinpool.simulation.checking import demand
from twinpool.simulation.failover.parts import HOME, P1, PARTNER, STREAMS
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Change, Committed, RecordKey
from twinpool.vocabulary.home import HomeStatus, fork
from twinpool.vocabulary.names import PoolFqdn, Position, Route, Stream, Term
from twinpool.vocabulary.orphan import fingerprint
from twinpool.wire import decode_changes

FIRST = Term(1)


@dataclass(frozen=True, slots=True)
class Logged:
    """A change set that some pool has logged."""

    pool: PoolFqdn
    changes: tuple[Change, ...]
    is_clients: bool  #: a client was told that it is stored


@dataclass(slots=True)
class Checker:
    """Knows everything that ever happened."""

    stores: Mapping[PoolFqdn, MemoryStore]
    had_disaster: bool = False
    servers: dict[Term, PoolFqdn] = field(default_factory=lambda: {Term(1): P1})
    logged: dict[tuple[Stream, Term, Position], Logged] = field(default_factory=dict)
    held_at_beginning: dict[tuple[Stream, Term], dict[RecordKey, bytes]] = field(default_factory=dict)
    highest_written: Term = FIRST

    def done(self, store: MemoryStore, name: str) -> None:
        """A store was changed."""
        for each in self.stores.values():
            status = status_of(each)
            named = self.servers.setdefault(status.term, status.serving_pool)
            demand(named == status.serving_pool, f"term {status.term} names {named} and {status.serving_pool}")
        if name in {"touch", "take_over"}:
            self._see_log(store)
        if name == "take_over":
            term = status_of(store).term
            self.held_at_beginning |= {(stream, term): records_of(store, stream) for stream in STREAMS}

    def wrote(self, pool: PoolFqdn, stream: Stream, committed: Committed, changes: tuple[Change, ...]) -> None:
        """A client's write was accepted."""
        term = committed.term
        demand(self.servers.get(term) == pool, f"{pool} accepts a write in term {term} of {self.servers.get(term)}")
        older = not self.had_disaster and term < self.highest_written
        demand(not older, f"{pool} accepts a write in term {term} after one was accepted in {self.highest_written}")
        self.highest_written = max(self.highest_written, term)
        key = (stream, term, committed.position)
        demand(key not in self.logged, f"{key} was given twice")
        self.logged[key] = Logged(pool, changes, is_clients=True)

    def _see_log(self, store: MemoryStore) -> None:
        term = status_of(store).term
        for stream in STREAMS:
            for each in store.collect(stream, after=store.oldest(stream), max_changes=10**9, max_bytes=10**9):
                key = (stream, term, each.position)
                if key not in self.logged:  # A server's log holds what is of its own term alone.
                    self.logged[key] = Logged(store.pool, tuple(decode_changes(each.payload)), is_clients=False)

    # ── what is seen from outside ───────────────────────────────────────────────────────────────────────────

    def serving(self) -> MemoryStore:
        """Return the store of the pool that serves in the highest term that anybody knows."""
        known = max((status_of(each) for each in self.stores.values()), key=lambda status: status.term)
        return self.stores[known.serving_pool]

    def is_final(self) -> bool:
        """Whether the server believes that its partner has everything."""
        store = self.serving()
        if status_of(store).serving_pool != store.pool:
            return False
        ledgers = [(stream, store.export_ledger(Route(stream, PARTNER[store.pool]))) for stream in STREAMS]
        return all(
            ledger.session_opened and ledger.failure is None and ledger.acknowledged == store.head(stream)
            for stream, ledger in ledgers
        )

    def are_equal(self) -> bool:
        """Whether both pools hold the same records."""
        first, second = self.stores.values()
        return all(records_of(first, stream) == records_of(second, stream) for stream in STREAMS)

    def check(self) -> None:
        """FinalState implies equality, by whoever serves in the highest term."""
        if self.is_final():
            demand(self.are_equal(), "the state is final, and the pools differ")

    def agree(self) -> bool:
        """Whether both pools know the same, and nothing is left to repair."""
        first, second = (status_of(each) for each in self.stores.values())
        left = [key for store in self.stores.values() for stream in STREAMS for key in store.repairs(stream, limit=1)]
        return first == second and not left

    # ── in the end ──────────────────────────────────────────────────────────────────────────────────────────

    def check_end(self) -> None:
        """Nothing that a client was told is stored has disappeared silently."""
        for stream in STREAMS:
            self._check_stream(stream)
        if not self.had_disaster:
            orphans = sum(store.count_orphans(HOME) for store in self.stores.values())
            demand(orphans == 0, f"{orphans} orphans although nothing but planned failovers happened")

    def _check_stream(self, stream: Stream) -> None:
        server = self.serving()
        history = server.history(HOME)
        records: dict[RecordKey, bytes] = {}
        for (_, term, position), logged in sorted(
            ((key, value) for key, value in self.logged.items() if key[0] == stream), key=lambda item: item[0][1:]
        ):
            parted = fork(history, stream.module, above=term)
            if parted is None or position <= parted:
                _bring_about(records, logged.changes)
            elif logged.is_clients:
                self._demand_orphans(stream, term, position, logged)
        demand(records == records_of(server, stream), f"{stream}: the serving pool holds something else than it should")
        self._demand_truth(stream)

    def _demand_orphans(self, stream: Stream, term: Term, position: Position, logged: Logged) -> None:
        store = self.stores[logged.pool]
        kept = [
            each.change
            for each in store.orphans(limit=10**9, home=HOME)
            if (each.stream, each.term, each.position) == (stream, term, position)
        ]
        missing = [change for change in logged.changes if change not in kept]
        demand(not missing, f"{stream} {term}@{position}: {missing} of {logged.pool} is in no pool and no orphan")

    def _demand_truth(self, stream: Stream) -> None:
        """What is known of an orphan's record is what a later server held when its term began."""
        for store in self.stores.values():
            for each in store.orphans(limit=10**9, home=HOME):
                said = each.since_fork
                if each.stream != stream or said is None or said.changed:
                    continue
                place = RecordKey(*each.change[:2])
                later = [
                    held for (of, term), held in self.held_at_beginning.items() if of == stream and term > each.term
                ]
                values = [held.get(place) for held in later]
                were = {None if value is None else fingerprint(value) for value in values}
                demand(said.fingerprint in were, f"{stream}: orphan {each.number} is told of what never was")


def status_of(store: MemoryStore) -> HomeStatus:
    """Return what a pool durably knows of the home."""
    return next(each for each in store.homes() if each.home == HOME)


def records_of(store: MemoryStore, stream: Stream) -> dict[RecordKey, bytes]:
    """Return all records of a stream."""
    return {RecordKey(owner, key): value for owner, key, value in store.scan(stream, after=None, limit=10**9)}


def _bring_about(records: dict[RecordKey, bytes], changes: tuple[Change, ...]) -> None:
    for owner, key, value in changes:
        if value is None:
            records.pop(RecordKey(owner, key), None)
        else:
            records[RecordKey(owner, key)] = value
