"""Terms that begin and end, and what a pool owes its partner that comes back from one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from twinpool.errors import NotFound
from twinpool.stores.claims import barrier, check_give_up, check_higher, check_take_over, check_writable
from twinpool.stores.memory.ground import Ground, StreamState
from twinpool.stores.memory.orphans import keep_divergent, note_since_fork
from twinpool.stores.orphan_rows import told_of
from twinpool.stores.parting import Served, parting
from twinpool.stores.present_state import change_sets_of
from twinpool.stores.text import check_keys, check_stream, check_text
from twinpool.vocabulary.change import Change, ChangeSet, RecordKey
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import ORIGIN, Generation, Home, ModuleName, PoolFqdn, Position, Stream, Term
from twinpool.vocabulary.orphan import Untouched
from twinpool.vocabulary.session import Cursor, ImportProgress


class MemoryTerms(Ground):
    """The terms of all homes."""

    def history(self, home: Home) -> list[TermBeginning]:
        """Return how the terms of a home began, oldest first."""
        with self._lock:
            return [self._beginnings[at] for at in sorted(self._beginnings) if at[0] == home]

    def take_over(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, generation: Generation
    ) -> list[TermBeginning]:
        """Serve a home from a new term on; see `Terms.take_over`."""
        with self._fenced(generation):
            check_take_over(self._known_home(home), term, pool=self.pool)
            streams = list(self._streams_of(home, modules))
            begun = [
                TermBeginning(home=home, module=stream.module, term=term, serving_pool=self.pool, position=position)
                for stream, state in streams
                for position in [ORIGIN if state.progress.cursor is None else state.progress.cursor.position]
            ]
            for (stream, state), beginning in zip(streams, begun, strict=True):
                self._begin_log(stream, state, beginning)
            self._turn(home, term, self.pool, begun)
            return begun

    def give_up(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, to: PoolFqdn, generation: Generation
    ) -> list[TermBeginning]:
        """Have another pool serve from our heads on; see `Terms.give_up`."""
        check_text(to)
        with self._fenced(generation):
            check_give_up(self._known_home(home), term, pool=self.pool)
            begun = []
            for stream, state in self._streams_of(home, modules):
                _stand_at(state, Cursor(term, state.head))
                begun.append(
                    TermBeginning(home=home, module=stream.module, term=term, serving_pool=to, position=state.head)
                )
            self._turn(home, term, to, begun)
            return begun

    def demote(
        self,
        home: Home,
        beginnings: Sequence[TermBeginning],
        *,
        serving_pool: PoolFqdn,
        term: Term,
        generation: Generation,
    ) -> Mapping[ModuleName, int]:
        """Give way to a higher term that began without us; see `Terms.demote`."""
        check_text(serving_pool, *(each.module + each.serving_pool for each in beginnings))
        with self._fenced(generation):
            known = self._known_home(home)
            check_higher(known, term)
            told = [*self.history(home), *beginnings]
            counts = {
                stream.module: self._part(stream, state, known, told)
                for stream, state in self._streams_of(home, [each.module for each in beginnings])
            }
            self._turn(home, term, serving_pool, beginnings)
            return counts

    def repairs(self, stream: Stream, *, limit: int) -> list[RecordKey]:
        """Return records that hold what only we ever knew; none where all are compared soon."""
        with self._lock:
            state = self._state(stream)
            places = sorted(state.repairs) if state.compared_as is None else []
            return [RecordKey(*place) for place in places[:limit]]

    def note_repaired(
        self,
        stream: Stream,
        keys: Sequence[RecordKey],
        *,
        untouched: Sequence[Untouched] | None = None,
        generation: Generation,
    ) -> None:
        """Forget repairs, and note what the serving pool has said of the records."""
        with self._fenced(generation):
            self._state(stream).repairs.difference_update(keys)
            if untouched is not None:
                note_since_fork(self._orphans, stream, dict(told_of(keys, untouched)))

    def touch(self, stream: Stream, keys: Sequence[RecordKey]) -> Position:
        """Log the present state of records; see `Terms.touch`."""
        check_stream(stream)
        check_keys([(owner, key, None) for owner, key in keys])
        with self._lock:
            check_writable(stream.home, self._homes.get(stream.home), pool=self.pool)
            state = self._kept_state(stream)
            self._log_present(state, keys)
            self._wakeups.grow()
            return state.head

    def _begin_log(self, stream: Stream, state: StreamState, beginning: TermBeginning) -> None:
        """Empty a log, so that it goes on where a term begins."""
        unlike = state.progress.cursor is None and bool(state.records)  # nobody can know these but by a snapshot
        state.log, state.staged = [], {}
        state.head = state.oldest = Position(ORIGIN + 1) if unlike else beginning.position
        _stand_at(state, state.progress.cursor, term=beginning.term)
        if state.compared_as is None:
            self._log_present(state, state.repairs)
        state.repairs, state.compared_as = set(), None
        self._forget_ledgers(stream)

    def _part(self, stream: Stream, state: StreamState, known: HomeStatus, told: Iterable[TermBeginning]) -> int:
        """Take a stream's part in giving way; return how many orphans that made."""
        served = known.serving_pool == self.pool
        stands = Served(term=known.term, head=state.head, oldest=state.oldest) if served else state.progress.cursor
        parts = parting(stream.module, stands, told)
        count = 0
        if parts.divergent_above is not None:
            count = keep_divergent(self._orphans, stream, state, above=parts.divergent_above, term=known.term)
        if parts.cursor != state.progress.cursor:
            _stand_at(state, parts.cursor)
        if parts.compared_as is not None:
            state.compared_as = parts.compared_as
        self._forget_ledgers(stream)
        return count

    def _log_present(self, state: StreamState, places: Iterable[tuple[str, str]]) -> None:
        changes = [
            Change(*place, state.records.get(place)) for place in sorted({(owner, key) for owner, key in places})
        ]
        for count, payload in change_sets_of(changes):
            state.head = Position(state.head + 1)
            state.log.append(ChangeSet(state.head, self.now(), count, payload))

    def _turn(self, home: Home, term: Term, serving_pool: PoolFqdn, begun: Iterable[TermBeginning]) -> None:
        """Note who serves from now on."""
        self._homes[home] = HomeStatus(home=home, term=term, serving_pool=serving_pool, mode=Mode.READ_WRITE)
        self._beginnings |= {(home, each.term, each.module): each for each in begun}
        self._wakeups.grow()

    def _known_home(self, home: Home) -> HomeStatus:
        if home not in self._homes:
            raise NotFound(f"no home {home} is known")
        return self._homes[home]

    def _streams_of(self, home: Home, modules: Iterable[ModuleName]) -> Iterator[tuple[Stream, StreamState]]:
        """Yield the streams of a home, those of the modules given among them, in order."""
        check_text(*modules)
        known = {stream.module for stream in self._streams if stream.home == home}
        for module in sorted(known | set(modules)):
            stream = Stream(home, module)
            yield stream, self._kept_state(stream)

    def _forget_ledgers(self, stream: Stream) -> None:
        self._ledgers = {route: ledger for route, ledger in self._ledgers.items() if route.stream != stream}


def _stand_at(state: StreamState, cursor: Cursor | None, *, term: Term | None = None) -> None:
    """Set where the import stands, with nothing staged; from a term on that we serve, nobody imports any more."""
    noted = state.progress.session
    session = noted if term is None else barrier(noted, term)
    state.staged = {}
    state.progress = ImportProgress(cursor=cursor, session=session, staging=None)


__all__ = ["MemoryTerms"]
