"""What the stores hold at the end, against what clients were told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twinpool_services.chaos.checks.keys import KeyStory, final_of, is_orphaned, stories
from twinpool_services.chaos.checks.violation import Violation, shown
from twinpool_services.chaos.history import FinalState, History, Outcome


def check_stores(history: History) -> Iterator[Violation]:
    """Find lost, phantom and resurrected records, orphans that are missing or made up, pools that differ."""
    for home in history.homes:
        final = final_of(history, home)
        if final is not None:
            told = stories(history.of_home(home))
            yield from _records(final, told)
            yield from _orphans(final, told)
            yield from _equal(final)


def _records(final: FinalState, told: Mapping[str, KeyStory]) -> Iterator[Violation]:
    orphans = set(final.orphans)
    held = final.records[final.served_by]
    for key, number in held.items():
        if key not in told or number not in {one.number for one in told[key].writes}:
            yield Violation(
                check="phantom record",
                message=f"{final.served_by} holds {key} of operation {number}, which nobody has written there",
            )
    for key, story in told.items():
        # What became an orphan is not lost: it is kept, and checked below.
        kept = KeyStory([one for one in story.writes if not (is_orphaned(one, final) and (key, one.number) in orphans)])
        if kept.may_hold(held.get(key), kept.last_answered()):
            continue
        yield _lost_or_resurrected(final, key, kept, held.get(key))


def _lost_or_resurrected(final: FinalState, key: str, story: KeyStory, number: int | None) -> Violation:
    last = story.last_answered()
    seen = next((one for one in story.writes if one.number == number), None)
    witness = tuple(shown(one) for one in (seen, last) if one is not None)
    where = f"{key} in {final.served_by}, which serves {final.home} at the end"
    if last is None:  # Nothing was answered, and yet something refused is there.
        return Violation(check="refused write", message=f"{where}: a write that was refused is there", witness=witness)
    if number is None or (seen is not None and seen.outcome is Outcome.FAILED):
        return Violation(
            check="lost write",
            message=f"{where}: operation {last.number} was answered, and "
            + ("there is no record" if number is None else f"refused operation {number} is there"),
            witness=witness,
        )
    return Violation(
        check="resurrected record" if last.kind == "delete" else "lost write",
        message=f"{where}: operation {last.number} was answered, and the older operation {number} is there",
        witness=witness,
    )


def _orphans(final: FinalState, told: Mapping[str, KeyStory]) -> Iterator[Violation]:
    orphans = set(final.orphans)
    for key, story in told.items():
        for one in story.answered:
            if is_orphaned(one, final) and one.kind != "delete" and (key, one.number) not in orphans:
                yield Violation(
                    check="orphan missing",
                    message=f"operation {one.number} on {key} lies past the fork of a later term, and is no orphan",
                    witness=(shown(one), {"forks": list(final.forks)}),
                )
    known = {(key, one.number) for key, story in told.items() for one in story.writes}
    for key, number in sorted(orphans - known):
        yield Violation(check="phantom orphan", message=f"orphan {key} of operation {number} was never written")


def _equal(final: FinalState) -> Iterator[Violation]:
    (first, ours), *others = final.records.items()
    for pool, theirs in others:
        differing = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        if differing:
            key = differing[0]
            yield Violation(
                check="stores differ",
                message=f"{len(differing)} records of {final.home} differ at the end; {key}: operation "
                f"{ours.get(key)} in {first}, {theirs.get(key)} in {pool}",
            )
