from __future__ import annotations

from functools import partial

import pytest

from tests.chaos_histories import KEY, P2, final, history, write
from twinpool_services.chaos.checks.stores import check_stores
from twinpool_services.chaos.history import FinalState, Operation, Outcome

UNKNOWN, FAILED = Outcome.UNKNOWN, Outcome.FAILED


def found(operations: list[Operation], end: FinalState) -> list[str]:
    return [violation.check for violation in check_stores(history(operations, finals=(end,)))]


def test_what_was_answered_last_may_be_there() -> None:
    assert found([write(1), write(2)], final({KEY: 2})) == []


def test_an_answered_write_that_is_not_there_is_lost() -> None:
    assert found([write(1)], final({})) == ["lost write"]


def test_an_older_value_than_the_answered_one_is_a_loss() -> None:
    assert found([write(1), write(2)], final({KEY: 1})) == ["lost write"]


def test_a_record_that_is_there_after_its_delete_was_answered_is_resurrected() -> None:
    assert found([write(1), write(2, kind="delete")], final({KEY: 1})) == ["resurrected record"]


@pytest.mark.parametrize("held", [{KEY: 1}, {KEY: 2}])
def test_a_write_of_unknown_outcome_may_be_there_or_not(held: dict[str, int]) -> None:
    assert found([write(1), write(2, outcome=UNKNOWN, term=None, position=None)], final(held)) == []


def test_a_refused_write_must_not_be_there() -> None:
    refused = write(1, outcome=FAILED, term=None, position=None)

    assert found([refused], final({KEY: 1})) == ["refused write"]
    assert found([write(0), refused], final({KEY: 1})) == ["lost write"]


@pytest.mark.parametrize("number", [7, -1])
def test_what_nobody_has_written_is_a_phantom(number: int) -> None:
    assert "phantom record" in found([write(1)], final({KEY: 1, "bob/register-0.0": number}))


def test_pools_that_differ_at_the_end_are_found() -> None:
    assert found([write(1), write(2)], final({KEY: 2}, {KEY: 1})) == ["stores differ"]


def test_a_write_past_the_fork_has_to_be_an_orphan_and_then_is_not_lost() -> None:
    operations = [write(1), write(2)]
    forked = partial(final, {KEY: 1}, served_by=P2, term=2, forks=((2, 1),))

    assert found(operations, forked(orphans=((KEY, 2),))) == []
    assert found(operations, forked()) == ["lost write", "orphan missing"]


def test_an_orphan_that_nobody_has_written_is_found() -> None:
    assert found([write(1)], final({KEY: 1}, orphans=((KEY, 9),))) == ["phantom orphan"]


def test_the_witness_is_the_answered_write_and_what_is_there_instead() -> None:
    (violation,) = check_stores(history([write(1), write(2), write(3)], finals=(final({KEY: 2}),)))

    assert [line["number"] for line in violation.witness] == [2, 3]
