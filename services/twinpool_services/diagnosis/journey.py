"""Where a write is: concluded from what both pools still know, with what is known, inferred, and known no more."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Certainty(enum.StrEnum):
    """How sure a stop is."""

    KNOWN = "known"  #: somebody has seen it, or it is durable
    INFERRED = "inferred"  #: it must have happened, and nobody remembers when
    NOT_YET = "not yet"
    UNKNOWN = "unknown"  #: nobody can say any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A change of the record, as a pool's log or the memory of a front end has it."""

    position: int
    at: str
    term: int | None
    operation: str
    by: str  #: where it was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A batch that carried it."""

    destination: str
    session: str
    number: int
    sent_at: str
    outcome: str
    settled_at: str
    acknowledged_at: str
    imported_at: str  #: by the importer's store


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An import that applied it."""

    session: str
    number: int
    at: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphaned:
    """An orphan of the record."""

    number: int
    position: int | None
    decision: str
    decided_by: str
    decided_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTrace:
    """What one pool knows of a record, all of its front ends together."""

    pool: str
    silence: str = ""  #: why no front end answers; empty if one does
    fingerprint: str | None = None  #: of the record's present value; None if there is none
    captured: Sequence[Captured] = ()  #: newest first
    head: int = 0
    oldest: int = 0  #: the log is complete after this
    acknowledged: int | None = None  #: by the other pool; None if it is not the exporter
    proven_at: str = ""
    cursor: int | None = None  #: of its import; None if it does not import
    carried: Sequence[Carried] = ()
    applied: Sequence[Applied] = ()
    orphans: Sequence[Orphaned] = ()
    remembers_since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFacts:
    """Both pools; the source serves the record's home."""

    source: PoolTrace
    target: PoolTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stage of the way."""

    stage: str
    certainty: Certainty
    at: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The way of the newest known change of a record."""

    position: int | None
    stops: tuple[Stop, ...]
    summary: str


def newest_change(facts: JourneyFacts) -> Captured | None:
    """Return the newest change of the record that anybody knows."""
    found = [*facts.source.captured, *facts.target.captured]
    return max(found, key=lambda each: (each.term or 0, each.position), default=None)


def journey_of(facts: JourneyFacts) -> Journey:
    """Conclude the way of the newest known change."""
    change = newest_change(facts)
    if change is None:
        stops = [_captured_unknown(facts), _compared(facts), *_orphans(facts)]
        return Journey(position=None, stops=tuple(stops), summary=stops[1].what)
    position = change.position
    stops = [
        Stop(
            stage="Captured",
            certainty=Certainty.KNOWN,
            at=change.at,
            what=f"{change.operation} at position {position}"
            + (f", term {change.term}" if change.term else "")
            + f" ({change.by})",
        ),
        *_on_the_way(facts, position),
        _imported(facts, position),
        _acknowledged(facts, position),
        _compared(facts),
        *_orphans(facts),
    ]
    return Journey(position=position, stops=tuple(stops), summary=_summary(stops))


def _captured_unknown(facts: JourneyFacts) -> Stop:
    source = facts.source
    if source.silence:
        return Stop(stage="Captured", certainty=Certainty.UNKNOWN, at="", what=f"{source.pool}: {source.silence}")
    what = (
        f"no change of it is known any more: the log holds positions {source.oldest + 1} to {source.head}, "
        f"and front ends remember since {source.remembers_since or 'they started'}"
        if source.head > source.oldest
        else f"no change of it is known any more: the log is pruned up to its head at {source.head}, "
        f"and front ends remember since {source.remembers_since or 'they started'}"
    )
    return Stop(stage="Captured", certainty=Certainty.UNKNOWN, at="", what=what)


def _on_the_way(facts: JourneyFacts, position: int) -> list[Stop]:
    """Tell each batch that carried it: more than one are retries."""
    carried = facts.source.carried
    if not carried:
        return [_not_seen_on_the_way(facts, position)]
    stops: list[Stop] = []
    for nth, each in enumerate(carried):
        again = f", attempt {nth + 1} of {len(carried)}" if len(carried) > 1 else ""
        where = f"session {each.session}, batch {each.number} to {each.destination}{again}"
        stops.append(Stop(stage="Published", certainty=Certainty.KNOWN, at=each.sent_at, what=where))
        if each.outcome == "confirmed":
            stops.append(
                Stop(stage="Confirmed", certainty=Certainty.KNOWN, at=each.settled_at, what="the broker has it")
            )
        elif each.outcome:
            what = f"the broker said: {each.outcome}"
            stops.append(Stop(stage="Confirmed", certainty=Certainty.KNOWN, at=each.settled_at, what=what))
        else:
            what = "the broker has not said anything yet"
            stops.append(Stop(stage="Confirmed", certainty=Certainty.NOT_YET, at="", what=what))
    return stops


def _not_seen_on_the_way(facts: JourneyFacts, position: int) -> Stop:
    source, target = facts.source, facts.target
    if source.acknowledged is not None and source.acknowledged >= position:
        what = (
            f"the front end that sent it has forgotten it, or has ended; memory goes back to {source.remembers_since}"
        )
        return Stop(stage="Published", certainty=Certainty.INFERRED, at="", what=what)
    if target.cursor is not None and target.cursor >= position:
        what = "the backup pool has it, so it was sent; nobody remembers when"
        return Stop(stage="Published", certainty=Certainty.INFERRED, at="", what=what)
    if source.silence:
        return Stop(stage="Published", certainty=Certainty.UNKNOWN, at="", what=f"{source.pool}: {source.silence}")
    return Stop(stage="Published", certainty=Certainty.NOT_YET, at="", what="it waits in the log; ask twinpool why")


def _imported(facts: JourneyFacts, position: int) -> Stop:
    target = facts.target
    if target.applied:
        newest = target.applied[-1]
        what = f"session {newest.session}, batch {newest.number}, applied in {newest.seconds:.3f} s"
        return Stop(stage="Imported", certainty=Certainty.KNOWN, at=newest.at, what=what)
    told = next((each.imported_at for each in facts.source.carried if each.imported_at), "")
    if told:
        what = f"by the word of {target.pool}, when it acknowledged"
        return Stop(stage="Imported", certainty=Certainty.KNOWN, at=told, what=what)
    if target.cursor is not None and target.cursor >= position:
        what = f"{target.pool} stands at {target.cursor}; when it came there is known no more"
        return Stop(stage="Imported", certainty=Certainty.INFERRED, at="", what=what)
    if facts.source.acknowledged is not None and facts.source.acknowledged >= position:
        return Stop(stage="Imported", certainty=Certainty.INFERRED, at="", what=f"{target.pool} has acknowledged it")
    if target.silence:
        return Stop(stage="Imported", certainty=Certainty.UNKNOWN, at="", what=f"{target.pool}: {target.silence}")
    what = f"{target.pool} stands at {target.cursor if target.cursor is not None else 'no position'}"
    return Stop(stage="Imported", certainty=Certainty.NOT_YET, at="", what=what)


def _acknowledged(facts: JourneyFacts, position: int) -> Stop:
    source = facts.source
    told = next((each.acknowledged_at for each in source.carried if each.acknowledged_at), "")
    if told:
        return Stop(stage="Acknowledged", certainty=Certainty.KNOWN, at=told, what="heard from the backup pool")
    if source.acknowledged is None:
        what = source.silence or f"{source.pool} does not export it"
        return Stop(stage="Acknowledged", certainty=Certainty.UNKNOWN, at="", what=what)
    if source.acknowledged >= position:
        what = (
            f"the ledger says {source.acknowledged}, proven last at {source.proven_at}; when exactly is known no more"
        )
        return Stop(stage="Acknowledged", certainty=Certainty.INFERRED, at="", what=what)
    what = f"the ledger says {source.acknowledged}"
    return Stop(stage="Acknowledged", certainty=Certainty.NOT_YET, at="", what=what)


def _compared(facts: JourneyFacts) -> Stop:
    """Compare what both pools hold now, which is the newest change whatever is remembered."""
    source, target = facts.source, facts.target
    if source.silence or target.silence:
        silent = source if source.silence else target
        what = f"{silent.pool} cannot be asked: {silent.silence}"
        return Stop(stage="Compared", certainty=Certainty.UNKNOWN, at="", what=what)
    if source.fingerprint == target.fingerprint:
        what = "both pools hold the same value" if source.fingerprint else "neither pool has the record"
        return Stop(stage="Compared", certainty=Certainty.KNOWN, at="", what=what)
    holds = [each.pool for each in (source, target) if each.fingerprint]
    what = f"only {holds[0]} has the record" if len(holds) == 1 else "the pools hold different values"
    return Stop(stage="Compared", certainty=Certainty.KNOWN, at="", what=what)


def _orphans(facts: JourneyFacts) -> list[Stop]:
    stops = []
    for pool in (facts.source, facts.target):
        for each in pool.orphans:
            decided = f"{each.decision} by {each.decided_by}" if each.decision else "nobody has decided"
            where = f"at position {each.position}" if each.position is not None else "found by comparing"
            what = f"{pool.pool} keeps orphan {each.number} of it, {where}: {decided}"
            stops.append(Stop(stage="Orphan", certainty=Certainty.KNOWN, at=each.decided_at, what=what))
    return stops


def _summary(stops: Sequence[Stop]) -> str:
    reached = [each for each in stops if each.certainty in {Certainty.KNOWN, Certainty.INFERRED}]
    stages = {each.stage for each in reached}
    for stage, sentence in (
        ("Acknowledged", "it is at the backup pool, which has acknowledged it"),
        ("Imported", "it is at the backup pool; the acknowledgement has not come yet"),
        ("Confirmed", "it is with the broker"),
        ("Published", "it was handed to the broker"),
    ):
        if stage in stages:
            return sentence
    return "it is durable in its pool and has not left it"
