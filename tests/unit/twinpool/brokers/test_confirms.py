from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twinpool.brokers.rabbitmq.confirms import Confirms
from twinpool.ports.broker import Outcome


def confirms_of(*tokens: int) -> Confirms:
    confirms = Confirms()
    for token in tokens:
        confirms.note(token)
    return confirms


def test_one_tag_settles_one_letter() -> None:
    confirms = confirms_of(70, 80, 90)

    assert confirms.settle(2, multiple=False, refused=False) == [(80, Outcome.CONFIRMED)]
    assert confirms.abandon() == [70, 90]


def test_multiple_settles_all_up_to_the_tag_in_order() -> None:
    confirms = confirms_of(70, 80, 90)
    confirms.settle(1, multiple=False, refused=False)

    assert confirms.settle(2, multiple=True, refused=False) == [(80, Outcome.CONFIRMED)]
    assert confirms.settle(3, multiple=True, refused=True) == [(90, Outcome.REJECTED)]


def test_a_returned_letter_is_unroutable_when_it_is_acknowledged() -> None:
    confirms = confirms_of(70, 80)
    confirms.returned(1)

    assert confirms.settle(2, multiple=True, refused=False) == [(70, Outcome.UNROUTABLE), (80, Outcome.CONFIRMED)]


def test_a_tag_that_is_not_known_settles_nothing() -> None:
    assert confirms_of(70).settle(5, multiple=False, refused=False) == []


@given(st.lists(st.tuples(st.sampled_from(["note", "settle", "all", "return"]), st.integers(1, 30)), max_size=100))
def test_every_token_leaves_exactly_once(steps: list[tuple[str, int]]) -> None:
    confirms, noted, left = Confirms(), 0, []
    for step, tag in steps:
        match step:
            case "note":
                noted += 1
                confirms.note(noted)
            case "return":
                confirms.returned(tag)
            case _:
                settled = confirms.settle(tag, multiple=step == "all", refused=False)
                left += [token for token, _ in settled]
    left += confirms.abandon()

    assert sorted(left) == list(range(1, noted + 1))
    assert len(confirms) == 0
