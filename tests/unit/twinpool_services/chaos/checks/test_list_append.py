"""Each anomaly by a history made for it, after the definitions of Adya and of Elle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinpool_services.chaos.checks.list_append import ListTransaction, check_lists

Lists = dict[str, tuple[int, ...]]


def transaction(name: int, appends: Lists | None = None, reads: Lists | None = None, **other: bool) -> ListTransaction:
    return ListTransaction(name=name, appends=appends or {}, reads=reads or {}, **other)


def anomalies(*transactions: ListTransaction, final: Lists | None = None, excused: tuple[int, ...] = ()) -> list[str]:
    return [one.check for one in check_lists(transactions, final or {}, frozenset(excused))]


def test_a_serial_history_has_no_anomaly() -> None:
    history = [
        transaction(1, {"x": (1,), "y": (1,)}),
        transaction(2, {"x": (2,)}, {"y": (1,)}),
        transaction(3, reads={"x": (1, 2), "y": (1,)}),
    ]

    assert anomalies(*history, final={"x": (1, 2), "y": (1,)}) == []


def test_a_write_cycle_is_g0() -> None:
    """1 before 2 in x, and 2 before 1 in y."""
    both = [transaction(1, {"x": (1,), "y": (1,)}), transaction(2, {"x": (2,), "y": (2,)})]

    assert anomalies(*both, final={"x": (1, 2), "y": (2, 1)}) == ["G0"]


def test_seeing_what_was_refused_is_g1a() -> None:
    refused = transaction(1, {"x": (1,)}, aborted=True)

    assert anomalies(refused, transaction(2, reads={"x": (1,)})) == ["G1a"]
    assert anomalies(refused, final={"x": (1,)}) == ["G1a"]


def test_seeing_half_of_a_transaction_is_g1b() -> None:
    assert anomalies(transaction(1, {"x": (1, 2)}), transaction(2, reads={"x": (1,)}), final={"x": (1, 2)})[0] == "G1b"


def test_two_that_read_of_each_other_are_g1c() -> None:
    history = [transaction(1, {"x": (1,)}, {"y": (2,)}), transaction(2, {"y": (2,)}, {"x": (1,)})]

    assert anomalies(*history, final={"x": (1,), "y": (2,)}) == ["G1c"]


def test_reading_one_write_of_a_transaction_and_not_the_other_is_g_single() -> None:
    history = [transaction(1, {"x": (1,), "y": (1,)}), transaction(2, reads={"x": (1,), "y": ()})]

    assert anomalies(*history, final={"x": (1,), "y": (1,)}) == ["G-single"]


def test_write_skew_is_g2() -> None:
    history = [transaction(1, {"x": (1,)}, {"y": ()}), transaction(2, {"y": (2,)}, {"x": ()})]

    assert anomalies(*history, final={"x": (1,), "y": (2,)}) == ["G2"]


def test_reads_that_no_order_explains_are_found() -> None:
    history = [
        transaction(1, {"x": (1,)}),
        transaction(2, {"x": (2,)}),
        transaction(3, reads={"x": (1,)}),
        transaction(4, reads={"x": (2, 1)}),
    ]

    assert anomalies(*history) == ["incompatible order"]


def test_an_answered_append_that_is_not_in_the_list_is_lost() -> None:
    history = [transaction(1, {"x": (1,)}), transaction(2, {"x": (2,)})]

    assert anomalies(*history, final={"x": (2,)}) == ["lost append"]
    assert anomalies(*history, final={"x": (2,)}, excused=(1,)) == []


@pytest.mark.parametrize("final", [(1,), (1, 2)])
def test_an_append_of_unknown_outcome_may_be_there_or_not(final: tuple[int, ...]) -> None:
    history = [transaction(1, {"x": (1,)}), transaction(2, {"x": (2,)}, unknown=True)]

    assert anomalies(*history, final={"x": final}) == []


def test_an_element_that_is_there_twice_took_effect_twice() -> None:
    assert "duplicated effect" in anomalies(transaction(1, {"x": (1,)}), final={"x": (1, 1)})


@settings(deadline=None)  # a slow machine is no defect
@given(st.lists(st.sets(st.sampled_from("xyz"), min_size=1), max_size=12), st.data())
def test_what_happens_one_behind_the_other_is_never_blamed(keys: list[set[str]], data: st.DataObject) -> None:
    state: Lists = dict.fromkeys("xyz", ())
    history = []
    for number, chosen in enumerate(keys):
        seen = {key: state[key] for key in data.draw(st.sets(st.sampled_from("xyz")))}
        history.append(transaction(number, dict.fromkeys(chosen, (number,)), seen))
        state |= {key: (*state[key], number) for key in chosen}

    assert anomalies(*history, final=state) == []
