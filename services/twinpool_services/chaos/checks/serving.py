"""One pool serves a home in one term, and one front end of a pool works."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from twinpool_services.chaos.checks.violation import Violation, shown
from twinpool_services.chaos.history import History, Operation, Outcome, Tenure

OVERLAP = 10.0  #: seconds by which a front end that was overtaken may hear of it late, on a busy machine


def check_serving(history: History) -> Iterator[Violation]:
    """Find a term in which two pools took writes, positions given twice, and terms that went back."""
    for home in history.homes:
        answered = [one for one in history.of_home(home) if one.is_write and one.outcome is Outcome.OK]
        yield from _two_in_a_term(home, answered)
        yield from _positions(home, answered)
        yield from _old_term_at_one_pool(home, answered)


def _two_in_a_term(home: str, answered: list[Operation]) -> Iterator[Violation]:
    first: dict[int | None, Operation] = {}
    for one in answered:
        earlier = first.setdefault(one.term, one)
        if earlier.pool != one.pool:
            yield Violation(
                check="two servers of a home",
                message=f"in term {one.term} of {home} both {earlier.pool} and {one.pool} took writes",
                witness=(shown(earlier), shown(one)),
            )
            return


def _positions(home: str, answered: list[Operation]) -> Iterator[Violation]:
    """A position names one change set of a term; a write that took effect twice, or for another, shows here."""
    first: dict[tuple[int | None, int | None], Operation] = {}
    for one in answered:
        earlier = first.setdefault((one.term, one.position), one)
        if earlier is not one:
            yield Violation(
                check="duplicated effect",
                message=f"position {one.position} of term {one.term} of {home} was given to two operations",
                witness=(shown(earlier), shown(one)),
            )
            return


def _old_term_at_one_pool(home: str, answered: list[Operation]) -> Iterator[Violation]:
    """A pool that has given a term up never takes a write in it again."""
    newest: dict[str, Operation] = {}
    for one in sorted(answered, key=lambda one: one.completed):
        known = newest.get(one.pool)
        if known is not None and (known.term or 0) > (one.term or 0) and known.completed < one.invoked:
            yield Violation(
                check="term went back",
                message=f"{one.pool} took a write of {home} in term {one.term} after one in term {known.term}",
                witness=(shown(known), shown(one)),
            )
            return
        if known is None or (one.term or 0) >= (known.term or 0):
            newest[one.pool] = one


def check_unparted_serving(history: History) -> Iterator[Violation]:
    """Find two servers at once where no disaster was called: a later term had begun before an older one ended."""
    for home in history.homes:
        answered = [one for one in history.of_home(home) if one.is_write and one.outcome is Outcome.OK]
        newest: Operation | None = None
        for one in sorted(answered, key=lambda one: one.completed):
            if newest is not None and (newest.term or 0) > (one.term or 0) and newest.completed < one.invoked:
                yield Violation(
                    check="two servers of a home",
                    message=f"{one.pool} took a write of {home} in term {one.term} after {newest.pool} had taken one "
                    f"in term {newest.term}",
                    witness=(shown(newest), shown(one)),
                )
                break
            if newest is None or (one.term or 0) >= (newest.term or 0):
                newest = one


def check_workers(history: History) -> Iterator[Violation]:
    """Find two active front ends of a pool, and durable words of one that was overtaken."""
    yield from _one_holder_a_generation(history)
    yield from _sessions(history)
    yield from _tenures(history)


def _one_holder_a_generation(history: History) -> Iterator[Violation]:
    holders: dict[tuple[str, int], str] = {}
    newest: dict[str, int] = {}
    for sample in history.samples:
        for pool in sample.pools:
            if pool.generation is None or pool.holder is None:
                continue
            if holders.setdefault((pool.pool, pool.generation), pool.holder) != pool.holder:
                yield Violation(
                    check="two active workers",
                    message=f"generation {pool.generation} of {pool.pool} was held by "
                    f"{holders[pool.pool, pool.generation]} and by {pool.holder}",
                )
            if pool.generation < newest.get(pool.pool, 0):
                yield Violation(
                    check="two active workers",
                    message=f"the lease of {pool.pool} went back from generation {newest[pool.pool]} to "
                    f"{pool.generation}",
                )
            newest[pool.pool] = max(pool.generation, newest.get(pool.pool, 0))


def _sessions(history: History) -> Iterator[Violation]:
    newest: dict[tuple[str, str], tuple[int, int, int]] = {}
    for sample in history.samples:
        for pool in sample.pools:
            for home, session in pool.sessions.items():
                known = newest.setdefault((pool.pool, home), session)
                if session < known:
                    yield Violation(
                        check="two active workers",
                        message=f"{pool.pool} noted session {session} of {home} after {known}",
                    )
                newest[pool.pool, home] = max(session, known)


def _tenures(history: History) -> Iterator[Violation]:
    """Judge by the front ends' own logs; one that was halted does not know that its time was over."""
    halted = [span for span in history.faults if span.kind == "pause"]
    by_pool: dict[str, list[Tenure]] = defaultdict(list)
    for tenure in history.tenures:
        by_pool[tenure.front_end.partition(".")[2]].append(tenure)
    for pool, tenures in by_pool.items():
        ordered = sorted(tenures, key=lambda one: one.generation)
        for earlier, later in pairwise(ordered):
            ended = earlier.ended
            if ended is None or earlier.generation == later.generation:
                continue
            slept = max((span.ended for span in halted if span.began <= ended), default=0.0)
            if ended - max(later.began, slept) > OVERLAP:
                yield Violation(
                    check="two active workers",
                    message=f"{earlier.front_end} worked until {ended:.2f} s in generation {earlier.generation} of "
                    f"{pool}, {ended - later.began:.1f} s after {later.front_end} had taken over",
                )
