from __future__ import annotations

from tests.chaos_histories import KEY, P1, P2, PRESENCE, final, history, pool, sample, write
from twinpool_services.chaos.checks.prefixes import check_acknowledgements, check_final_states, check_prefixes
from twinpool_services.chaos.history import Operation, Outcome

OTHER = "bob/register-0.0"


def prefixes(operations: list[Operation], held: dict[str, int], **other: object) -> list[str]:
    seen = sample(pool(P2, records={P1: held}, **other))
    return [one.check for one in check_prefixes(history(operations, samples=(seen,), finals=(final({}),)))]


def finals(
    operations: list[Operation], held: dict[str, int], state: str = "FinalState", asked: float = 100.0
) -> list[str]:
    seen = sample(pool(P1, export={PRESENCE: state}), pool(P2, records={P1: held}), asked=asked)
    return [one.check for one in check_final_states(history(operations, samples=(seen,)))]


def test_every_state_that_the_source_once_had_is_a_prefix() -> None:
    operations = [write(1), write(2, OTHER), write(3)]

    for held in ({}, {KEY: 1}, {KEY: 1, OTHER: 2}, {KEY: 3, OTHER: 2}):
        assert prefixes(operations, held) == []


def test_a_later_write_without_the_one_before_it_is_no_prefix() -> None:
    operations = [write(1), write(2, OTHER), write(3)]

    assert prefixes(operations, {KEY: 3}) == ["prefix"]
    assert prefixes(operations, {OTHER: 2}) == ["prefix"]


def test_half_a_transaction_is_no_prefix() -> None:
    assert prefixes([write(1, keys=(KEY, OTHER))], {KEY: 1}) == ["prefix"]
    assert prefixes([write(1, keys=(KEY, OTHER))], {KEY: 1, OTHER: 1}) == []


def test_deletes_behind_the_newest_record_may_have_been_applied() -> None:
    operations = [write(1), write(2, OTHER), write(3, kind="delete"), write(4, OTHER)]

    assert prefixes(operations, {OTHER: 2}) == []
    assert prefixes(operations, {KEY: 1, OTHER: 4}) == ["prefix"]


def test_a_record_of_which_a_write_has_an_unknown_outcome_shows_nothing() -> None:
    unknown = write(2, outcome=Outcome.UNKNOWN, term=None, position=None)

    assert prefixes([write(1), unknown, write(3, OTHER)], {KEY: 2, OTHER: 3}) == []


def test_a_pool_that_serves_or_waits_for_repairs_is_not_judged() -> None:
    operations = [write(1), write(2, OTHER)]

    assert prefixes(operations, {OTHER: 2}, serves={P1: 2}) == []
    assert prefixes(operations, {OTHER: 2}, repairing=(P1,)) == []


def test_under_a_final_state_all_that_was_answered_before_has_to_be_there() -> None:
    operations = [write(1), write(2)]

    assert finals(operations, {KEY: 1}) == ["FinalState while stores differ"]
    assert finals(operations, {KEY: 2}) == []
    assert finals(operations, {KEY: 1}, state="SteadyState") == []
    assert finals(operations, {KEY: 1}, asked=2.4) == [], "the second was not answered yet"


def test_what_is_noted_as_acknowledged_has_to_be_durable_at_the_partner() -> None:
    def found(cursor: int, **other: object) -> list[str]:
        seen = sample(pool(P1, acknowledged={P1: 7}), pool(P2, cursors={P1: (1, cursor)}, **other))
        return [one.check for one in check_acknowledgements(history([], samples=(seen,)))]

    assert found(6) == ["acknowledged too early"]
    assert found(7) == []
    assert found(6, serves={P1: 2}) == [], "it has taken over, in a term with positions of its own"
