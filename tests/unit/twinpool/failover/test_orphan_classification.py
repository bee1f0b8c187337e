"""What it would mean to replay an orphan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpool.failover.orphan_classification import Classification, judge
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Home, Instant, ModuleName, Position, Stream, Term
from twinpool.vocabulary.orphan import Orphan, SinceFork, fingerprint

OLD, NEWER, MINE = fingerprint(b"old"), fingerprint(b"newer"), fingerprint(b"mine")

ORPHAN = Orphan(
    number=7,
    stream=Stream(Home("pool1.lab"), ModuleName("m")),
    term=Term(1),
    position=Position(3),
    committed_at=Instant(1.0),
    change=Change("ada", "k", b"mine"),
)
DELETION = replace(ORPHAN, change=Change("ada", "k", None))
CHANGED = SinceFork(changed=True)
LEFT = SinceFork(changed=False, fingerprint=OLD)
NEVER_THERE = SinceFork(changed=False, fingerprint=None)


@pytest.mark.parametrize(
    ("orphan", "since_fork", "present", "expected"),
    [
        (ORPHAN, CHANGED, MINE, Classification.ALREADY_THERE),
        (ORPHAN, None, MINE, Classification.ALREADY_THERE),
        (DELETION, None, None, Classification.ALREADY_THERE),
        (ORPHAN, LEFT, OLD, Classification.SAFE),
        (ORPHAN, NEVER_THERE, None, Classification.SAFE),
        (DELETION, LEFT, OLD, Classification.SAFE),
        (ORPHAN, CHANGED, OLD, Classification.CONFLICT),
        (ORPHAN, LEFT, NEWER, Classification.CONFLICT),
        (ORPHAN, NEVER_THERE, NEWER, Classification.CONFLICT),
        (DELETION, CHANGED, NEWER, Classification.CONFLICT),
        (ORPHAN, CHANGED, None, Classification.DELETED),
        (ORPHAN, LEFT, None, Classification.DELETED),
        (ORPHAN, None, NEWER, Classification.CONFLICT),
        (ORPHAN, None, None, Classification.CONFLICT),
        (DELETION, None, OLD, Classification.CONFLICT),
    ],
)
def test_an_orphan_is_judged_by_what_the_serving_pool_holds_and_has_done(
    orphan: Orphan, since_fork: SinceFork | None, present: bytes | None, expected: Classification
) -> None:
    assert judge(replace(orphan, since_fork=since_fork), present).classification is expected


def test_an_older_orphan_of_a_record_is_overtaken_unless_it_is_there() -> None:
    older = replace(ORPHAN, since_fork=LEFT, overtaken_by=9)
    judged = judge(older, OLD)
    assert (judged.classification, "orphan 9" in judged.why) == (Classification.OVERTAKEN, True)
    assert judge(older, MINE).classification is Classification.ALREADY_THERE


def test_why_nothing_is_known_is_told() -> None:
    assert "found by comparing" in judge(replace(ORPHAN, position=None), OLD).why
    assert "has not been asked" in judge(ORPHAN, OLD).why


fingerprints = st.sampled_from([None, OLD, NEWER, MINE])
knowledge = st.none() | st.just(CHANGED) | fingerprints.map(lambda found: SinceFork(changed=False, fingerprint=found))


@given(
    st.sampled_from([ORPHAN, DELETION]),
    knowledge,
    fingerprints,
    st.none() | st.just(9),
)
def test_nothing_is_called_safe_that_takes_a_newer_value_away(
    orphan: Orphan, since_fork: SinceFork | None, present: bytes | None, later: int | None
) -> None:
    judged = judge(replace(orphan, since_fork=since_fork, overtaken_by=later), present)
    value = orphan.change.value
    is_there = present == (None if value is None else fingerprint(value))
    is_untouched = since_fork is not None and not since_fork.changed and since_fork.fingerprint == present
    assert judged.classification.is_safe == (is_there or (is_untouched and later is None))
    assert judged.why
