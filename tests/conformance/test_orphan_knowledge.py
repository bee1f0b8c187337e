"""What the serving pool says of an orphan's record: found out from its log, noted beside the orphan."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.conformance.streams import HOME, POOL, STREAM, committed, put, transaction
from tests.conformance.terms import Side
from twinpool.ports.store import Store
from twinpool.stores import untouched
from twinpool.stores.untouched import Witness
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Instant, Position, Term
from twinpool.vocabulary.orphan import Decision, SinceFork, Untouched, Verdict, fingerprint

SECOND_TERM = Term(2)
LEFT, CHANGED, DELETED, NEW = (RecordKey(name, "k") for name in ("left", "changed", "deleted", "new"))
ALL = (LEFT, CHANGED, DELETED, NEW)


@pytest.fixture
def first(store: Store) -> Side:
    return Side(store)


@pytest.fixture
def second(replica: Store) -> Side:
    return Side(replica)


def diverge(first: Side, second: Side) -> None:
    """Both pools go on alone after position 3; the second one serves the second term, and the first one gives way."""
    committed(first.store, *(put(key.owner, value=b"shared") for key in (LEFT, CHANGED, DELETED)))
    second.import_from(first.store)
    committed(first.store, *(put(key.owner, value=b"orphan") for key in ALL), put("left", value=b"orphan 2"))
    second.take_over(SECOND_TERM)
    committed(second.store, put("changed", value=b"second"), transaction(("deleted", "k", None)), put("other"))
    first.demote_to(second)


def known(store: Store) -> dict[str, list[SinceFork | None]]:
    found: dict[str, list[SinceFork | None]] = {}
    for each in store.orphans():
        found.setdefault(each.change.owner, []).append(each.since_fork)
    return found


# ── what the serving pool finds ─────────────────────────────────────────────────────────────────────────────────


def test_what_nobody_changed_since_the_term_began_is_told_with_its_fingerprint(first: Side, second: Side) -> None:
    diverge(first, second)
    witness = Witness(second.store)
    assert witness.untouched(STREAM, ALL, SECOND_TERM) == (
        Untouched("left", "k", fingerprint(b"shared")),
        Untouched("new", "k", None),
    )


def test_a_request_that_is_made_again_is_not_told_of_its_own_touch(first: Side, second: Side) -> None:
    diverge(first, second)
    witness = Witness(second.store)
    told = witness.untouched(STREAM, ALL, SECOND_TERM)
    second.store.touch(STREAM, ALL)
    committed(second.store, put("left", value=b"newer"))
    assert witness.untouched(STREAM, ALL[::-1], SECOND_TERM) == told


def test_a_witness_that_has_not_seen_the_touch_is_on_the_safe_side(first: Side, second: Side) -> None:
    diverge(first, second)
    second.store.touch(STREAM, ALL)
    assert Witness(second.store).untouched(STREAM, ALL, SECOND_TERM) == ()


@pytest.mark.parametrize("remembered", [untouched.MOST_REMEMBERED, 1], ids=["remembered", "read again"])
def test_each_request_is_told_of_what_was_changed_before_it(
    first: Side, second: Side, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(untouched, "MOST_REMEMBERED", remembered)
    monkeypatch.setattr(untouched, "PAGE_CHANGES", 1)
    diverge(first, second)
    witness = Witness(second.store)
    assert witness.untouched(STREAM, [CHANGED], SECOND_TERM) == ()
    assert witness.untouched(STREAM, [LEFT], SECOND_TERM) == (Untouched("left", "k", fingerprint(b"shared")),)
    committed(second.store, put("new"))
    assert witness.untouched(STREAM, [DELETED, NEW], SECOND_TERM) == ()


def test_a_log_that_was_pruned_beyond_the_fork_cannot_say(first: Side, second: Side) -> None:
    diverge(first, second)
    second.store.prune(STREAM, up_to=Position(4), generation=second.generation)
    assert Witness(second.store).untouched(STREAM, ALL, SECOND_TERM) is None


def test_nothing_is_said_of_a_term_that_is_not_known(first: Side, second: Side) -> None:
    diverge(first, second)
    assert Witness(second.store).untouched(STREAM, ALL, Term(9)) is None


# ── what the returned pool notes ────────────────────────────────────────────────────────────────────────────────


def note(side: Side, keys: Sequence[RecordKey], told: Sequence[Untouched] | None) -> None:
    side.store.note_repaired(STREAM, keys, untouched=told, generation=side.generation)


def test_what_is_said_stands_beside_each_orphan_of_the_record(first: Side, second: Side) -> None:
    diverge(first, second)
    told = Witness(second.store).untouched(STREAM, ALL, SECOND_TERM)
    note(first, ALL, told)
    left = SinceFork(changed=False, fingerprint=fingerprint(b"shared"))
    assert known(first.store) == {
        "left": [left, left],
        "changed": [SinceFork(changed=True)],
        "deleted": [SinceFork(changed=True)],
        "new": [SinceFork(changed=False, fingerprint=None)],
    }
    assert first.store.repairs(STREAM, limit=10) == []


def test_what_cannot_be_said_is_not_noted(first: Side, second: Side) -> None:
    diverge(first, second)
    note(first, ALL[:2], None)
    assert {each for said in known(first.store).values() for each in said} == {None}
    assert first.store.repairs(STREAM, limit=10) == sorted(ALL[2:])


def test_the_first_word_stands(first: Side, second: Side) -> None:
    diverge(first, second)
    note(first, [NEW], [])
    note(first, [NEW], [Untouched("new", "k", None)])
    assert known(first.store)["new"] == [SinceFork(changed=True)]


def test_a_later_parting_says_nothing_of_an_earlier_one(first: Side, second: Side) -> None:
    diverge(first, second)
    keys = first.store.repairs(STREAM, limit=10)
    second.store.touch(STREAM, keys)
    note(first, keys, None)
    first.import_from(second.store)
    second.give_up(3, to=POOL)
    first.take_over(3)
    committed(first.store, put("left", value=b"again"))
    second.take_over(4)
    first.demote_to(second)
    note(first, [LEFT], [Untouched("left", "k", fingerprint(b"shared"))])
    assert known(first.store)["left"] == [None, None, SinceFork(changed=False, fingerprint=fingerprint(b"shared"))]


# ── later orphans of the same record ────────────────────────────────────────────────────────────────────────────


def test_an_orphan_knows_the_newest_later_one_of_its_record(first: Side, second: Side) -> None:
    diverge(first, second)
    earlier, later = (each for each in first.store.orphans() if each.change.owner == "left")
    assert (earlier.overtaken_by, later.overtaken_by) == (later.number, None)
    assert first.store.orphan(earlier.number) == earlier
    assert {each.overtaken_by for each in first.store.orphans(home=HOME) if each != earlier} == {None}


@pytest.mark.parametrize(("decision", "overtakes"), [(Decision.REPLAYED, True), (Decision.DISCARDED, False)])
def test_a_later_orphan_overtakes_unless_it_was_discarded(
    first: Side, second: Side, decision: Decision, overtakes: bool
) -> None:
    diverge(first, second)
    earlier, later = (each for each in first.store.orphans() if each.change.owner == "left")
    first.store.decide(later.number, Verdict(decision=decision, by="ada", at=Instant(1.0)))
    again = first.store.orphan(earlier.number)
    assert again is not None
    assert again.overtaken_by == (later.number if overtakes else None)
