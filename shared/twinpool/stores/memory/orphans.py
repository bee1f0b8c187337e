"""The ledger of divergent changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twinpool.errors import NotFound
from twinpool.stores.memory.ground import Ground, StreamState
from twinpool.stores.text import check_text
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Home, Position, Stream, Term
from twinpool.vocabulary.orphan import Decision, Orphan, SinceFork, Verdict
from twinpool.wire import decode_changes


class MemoryOrphans(Ground):
    """All orphans, in order of their numbers, which begin at 1."""

    def orphans(
        self, *, after: int = 0, limit: int = 1000, home: Home | None = None, undecided: bool = False
    ) -> list[Orphan]:
        """Return orphans with numbers above `after`; see `Orphans.orphans`."""
        with self._lock:
            found = (
                each
                for each in self._orphans[max(0, after) :]
                if home in {None, each.stream.home} and not (undecided and each.verdict)
            )
            return [self._with_later(each) for each, _ in zip(found, range(limit), strict=False)]

    def orphan(self, number: int) -> Orphan | None:
        """Return one orphan."""
        with self._lock:
            return self._with_later(self._orphans[number - 1]) if 0 < number <= len(self._orphans) else None

    def count_orphans(self, home: Home, *, undecided: bool = False) -> int:
        """Count the orphans of a home."""
        with self._lock:
            return sum(each.stream.home == home and not (undecided and each.verdict) for each in self._orphans)

    def decide(self, number: int, verdict: Verdict) -> bool:
        """Note what became of an orphan; see `Orphans.decide`."""
        check_text(verdict.by, verdict.note)
        with self._lock:
            found = self.orphan(number)
            if found is None:
                raise NotFound(f"there is no orphan {number}")
            if found.verdict is not None:
                return False
            self._orphans[number - 1] = replace(self._orphans[number - 1], verdict=verdict)
            return True

    def _with_later(self, orphan: Orphan) -> Orphan:
        """Return an orphan with the number of the newest later one of the same record that is not discarded."""
        later = (
            each.number
            for each in reversed(self._orphans[orphan.number :])
            if (each.stream, each.change[:2]) == (orphan.stream, orphan.change[:2])
            and (each.verdict is None or each.verdict.decision is not Decision.DISCARDED)
        )
        return replace(orphan, overtaken_by=next(later, None))


def keep_divergent(orphans: list[Orphan], stream: Stream, state: StreamState, *, above: Position, term: Term) -> int:
    """Move what the log holds above a position to the orphans; return how many there are."""
    divergent = state.log[max(0, above - state.oldest) :]
    found = [
        Orphan(
            number=0,
            stream=stream,
            term=term,
            position=change_set.position,
            committed_at=change_set.committed_at,
            change=change,
        )
        for change_set in divergent
        for change in decode_changes(change_set.payload)
    ]
    _add(orphans, found)
    del state.log[len(state.log) - len(divergent) :]
    state.head = max(state.oldest, above)
    state.repairs |= {(each.change.owner, each.change.key) for each in found}
    return len(found)


def keep_differing(
    orphans: list[Orphan], stream: Stream, state: StreamState, others: Mapping[tuple[str, str], bytes]
) -> None:
    """Add to the orphans what only we have, if that has been left open, before our records go."""
    term = state.compared_as
    if term is not None:
        found = [
            Orphan(number=0, stream=stream, term=term, position=None, committed_at=None, change=Change(*place, value))
            for place, value in sorted(state.records.items())
            if others.get(place) != value and place not in state.repairs
        ]
        _add(orphans, found)
    state.compared_as, state.repairs = None, set()


def note_since_fork(orphans: list[Orphan], stream: Stream, told: Mapping[RecordKey, SinceFork]) -> None:
    """Note what the serving pool said of records at the orphans that the newest demotion took from the log."""
    logged = [each for each in orphans if each.stream == stream and each.position is not None]
    for each in logged:
        said = told.get(RecordKey(*each.change[:2]))
        if said is not None and each.since_fork is None and each.term == logged[-1].term:
            orphans[each.number - 1] = replace(each, since_fork=said)


def _add(orphans: list[Orphan], found: list[Orphan]) -> None:
    orphans += [replace(each, number=number) for number, each in enumerate(found, len(orphans) + 1)]


__all__ = ["MemoryOrphans", "keep_differing", "keep_divergent", "note_since_fork"]
