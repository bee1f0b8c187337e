"""What the partner held meanwhile: states that the source once had, and all that was acknowledged or called final."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twinpool_services.chaos.checks.keys import KeyStory, final_of, is_orphaned, stories
from twinpool_services.chaos.checks.violation import Violation, shown
from twinpool_services.chaos.history import FinalState, History, Operation, PoolSample

PRESENCE = "UserServices.PresenceFocus"
FINAL = "FinalState"


def check_prefixes(history: History) -> Iterator[Violation]:
    """Find moments at which a pool that only imports held what is no prefix of the stream."""
    for home in history.homes:
        final = final_of(history, home)
        told = _shared(history, home, final)
        for sample in history.samples:
            for pool in sample.pools:
                if home in pool.records and home not in pool.serves and home not in pool.repairing:
                    yield from _prefix(home, pool, told, sample.ended)


def _shared(history: History, home: str, final: FinalState | None) -> Mapping[str, KeyStory]:
    return stories(one for one in history.of_home(home) if not is_orphaned(one, final))


def _prefix(home: str, pool: PoolSample, told: Mapping[str, KeyStory], at: float) -> Iterator[Violation]:
    """Judge the records of a moment by the newest position that is surely among them."""
    seen = pool.records[home]
    positions = {one.number: one.position for story in told.values() for one in story.answered}
    newest = max((positions.get(number) or 0 for number in seen.values()), default=0)
    if not any(number in positions for number in seen.values()) and seen:
        return  # Only what nobody was told of is there; nothing follows from that.
    for cut in _cuts(told, newest):
        wrong = _first_wrong(told, seen, cut)
        if wrong is None:
            return
    key, expected = _first_wrong(told, seen, newest) or ("", None)
    yield Violation(
        check="prefix",
        message=f"at {at:.2f} s {pool.pool} held position {newest} of {home}, but of {key} operation {seen.get(key)} "
        f"where {expected.number if expected else 'nothing'} comes before that",
        witness=tuple(shown(one) for one in (expected,) if one is not None),
    )


def _cuts(told: Mapping[str, KeyStory], newest: int) -> list[int]:
    """Return the positions up to which everything may be there: deletes behind the newest record show nothing."""
    later = sorted(
        (one.position or 0, one.kind)
        for story in told.values()
        for one in story.answered
        if (one.position or 0) > newest
    )
    cuts = [newest]
    for position, kind in later:
        if kind != "delete":
            break
        cuts.append(position)
    return cuts


def _first_wrong(
    told: Mapping[str, KeyStory], seen: Mapping[str, int], cut: int
) -> tuple[str, Operation | None] | None:
    """Return the first record that is not as it was at a position, and the write that it should show."""
    for key, story in told.items():
        expected = story.at(cut)
        number = seen.get(key)
        wanted = None if expected is None or expected.kind == "delete" else expected.number
        if number != wanted and story.is_certain:
            return key, expected
    return None


def check_final_states(history: History) -> Iterator[Violation]:
    """Find a FinalState under which the partner lacked what had been answered before."""
    for home in history.homes:
        final = final_of(history, home)
        told = _shared(history, home, final)
        for sample in history.samples:
            for source in sample.pools:
                if home not in source.serves or source.export is None or source.export.get(PRESENCE) != FINAL:
                    continue
                for pool in sample.pools:
                    if pool.pool != source.pool and home in pool.records and home not in pool.serves:
                        yield from _lacking(home, source, pool, told, sample.asked)


def _lacking(
    home: str, source: PoolSample, pool: PoolSample, told: Mapping[str, KeyStory], asked: float
) -> Iterator[Violation]:
    for key, story in told.items():
        last = story.last_answered(before=asked)
        if last is None or last.pool != source.pool or story.may_hold(pool.records[home].get(key), last):
            continue
        yield Violation(
            check="FinalState while stores differ",
            message=f"asked at {asked:.2f} s, {source.pool} reported FinalState, and {pool.pool} had "
            f"operation {pool.records[home].get(key)} of {key} after that",
            witness=(shown(last),),
        )
        return


def check_acknowledgements(history: History) -> Iterator[Violation]:
    """Find what a source has noted as acknowledged, and the importing pool had not made durable after that."""
    for sample in history.samples:
        for source in sample.pools:
            for home, position in source.acknowledged.items():
                for pool in sample.pools:
                    cursor = pool.cursors.get(home)
                    if pool.pool == source.pool or home in pool.serves or cursor is None or cursor[1] >= position:
                        continue
                    yield Violation(
                        check="acknowledged too early",
                        message=f"at {sample.ended:.2f} s {pool.pool} stood at position {cursor[1]} of {home}, and "
                        f"{source.pool} had noted {position} as acknowledged before",
                    )
                    return
