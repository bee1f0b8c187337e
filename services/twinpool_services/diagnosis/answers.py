"""What front ends have answered about a record, put together to the facts that its journey is concluded from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinpool_services.diagnosis.journey import Applied, Captured, Carried, JourneyFacts, Orphaned, PoolTrace

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the front ends of a pool have said."""

    pool: str
    documents: Mapping[str, Row]  #: by the front end's name
    silent: Mapping[str, str]  #: why the others have not answered

    @property
    def silence(self) -> str:
        """Why nobody has answered; empty if somebody has."""
        return "" if self.documents else "; ".join(f"{name}: {why}" for name, why in self.silent.items())


def is_known(facts: JourneyFacts) -> bool:
    """Whether anything is known of the record in this home."""
    pools = (facts.source, facts.target)
    return any(each.captured or each.orphans or each.fingerprint for each in pools)


def journey_facts(answers: Sequence[Answers], home: str, position: int | None = None) -> JourneyFacts:
    """Put the pool that serves first, by the word of whoever answers."""
    said = [str(row["ServingPool"]) for each in answers for row in each.documents.values() if row["ServingPool"]]
    serving = said[0] if said else home
    ordered = sorted(answers, key=lambda each: each.pool != serving)
    traces = [_pool_trace(each, position) for each in ordered]
    target = traces[1] if len(traces) > 1 else PoolTrace(pool="no backup pool", silence="there is none")
    return JourneyFacts(source=traces[0], target=target)


def _pool_trace(answers: Answers, position: int | None) -> PoolTrace:
    rows: list[Row] = list(answers.documents.values())
    if not rows:
        return PoolTrace(pool=answers.pool, silence=answers.silence)
    store = rows[0]
    proven: Row = next(iter(store["Acknowledged"]), {})
    return PoolTrace(
        pool=answers.pool,
        fingerprint=store["Fingerprint"],
        captured=tuple(_captured(rows)),
        head=store["HeadPosition"],
        oldest=store["PrunedTo"],
        acknowledged=proven.get("Position"),
        proven_at=proven.get("ProvenAt") or "",
        cursor=store["CursorPosition"],
        carried=tuple(each for row in rows for each in _carried(row, position)),
        applied=tuple(each for row in rows for each in _applied(row, position)),
        orphans=tuple(_orphaned(store)),
        remembers_since=min(str(row["RememberedSince"]) for row in rows),
    )


def _captured(rows: Sequence[Row]) -> Iterator[Captured]:
    seen: set[int] = set()
    # What a front end remembers tells more than the log, which knows no term.
    changes = [(row["FrontEnd"], each) for row in rows for each in row["Changes"]]
    for name, each in sorted(changes, key=lambda one: (-one[1]["Position"], one[1]["Term"] is None)):
        if each["Position"] not in seen:
            seen.add(each["Position"])
            by = "in the log" if each["KnownBy"] == "log" else f"remembered by {name}"
            yield Captured(
                position=each["Position"],
                at=each["CommittedAt"],
                term=each["Term"],
                operation=each["Operation"],
                by=by,
            )


def _carried(row: Row, position: int | None) -> Iterator[Carried]:
    for each in row["Sent"]:
        if each["Position"] == position:
            yield Carried(
                destination=each["Destination"],
                session=each["Session"],
                number=each["Number"],
                sent_at=each["SentAt"] or "",
                outcome=each["Outcome"],
                settled_at=each["SettledAt"] or "",
                acknowledged_at=each["AcknowledgedAt"] or "",
                imported_at=each["ImportedAt"] or "",
            )


def _applied(row: Row, position: int | None) -> Iterator[Applied]:
    for each in row["Applied"]:
        if each["Position"] == position:
            yield Applied(
                session=each["Session"], number=each["Number"], at=each["ImportedAt"], seconds=each["Seconds"]
            )


def _orphaned(row: Row) -> Iterator[Orphaned]:
    for each in row["Orphans"]:
        yield Orphaned(
            number=each["Number"],
            position=each["Position"],
            decision=each["Decision"] or "",
            decided_by=each["DecidedBy"] or "",
            decided_at=each["DecidedAt"] or "",
        )
