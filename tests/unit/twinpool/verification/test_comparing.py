"""One side against the other: every difference is found, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from twinpool.verification.comparing import Comparing, Difference, Found
from twinpool.verification.digests import EVERYTHING, KeyRange, record_digest
from twinpool.verification.reading import LEAF, WAYS, DigestedRecords, Keys, keys_of_records
from twinpool.vocabulary.change import RecordKey

State = Mapping[str, bytes]


def digested(state: State) -> DigestedRecords:
    keys = sorted(state)
    return DigestedRecords(
        keys=keys_of_records([RecordKey("o", key) for key in keys]),
        digests=[record_digest("o", key, state[key]) for key in keys],
    )


class Replica:
    """Answers as a replica does, and counts what it says."""

    def __init__(self, state: State) -> None:
        self.records = digested(state)
        self.asked = self.parts_said = self.records_said = 0

    def answer(self, comparing: Comparing) -> None:
        while ask := comparing.ask:
            self.asked += 1
            self.records = self.records.without(ask.excluded)
            if ask.each:
                chosen = self.records.within(ask.within)
                self.records_said += len(chosen.keys)
                comparing.records(zip(chosen.keys, chosen.digests, strict=True))
            else:
                parts = self.records.parts(ask.within, ask.boundaries)
                self.parts_said += len(parts)
                comparing.parts(parts)


def compare(source: State, replica: State, touched: Iterable[str] = ()) -> tuple[list[Found], Replica]:
    there = Replica(replica)
    changed = [RecordKey("o", key) for key in touched]
    comparing = Comparing(EVERYTHING, digested(source), changed, there.records.total())
    there.answer(comparing)
    return list(comparing.found), there


def many(count: int) -> dict[str, bytes]:
    return {f"{number:06}": b"v%d" % number for number in range(count)}


def test_equal_pieces_need_nothing_asked() -> None:
    found, replica = compare(many(20_000), many(20_000))

    assert found == []
    assert replica.asked == 0


def test_one_flipped_record_is_found_by_saying_little() -> None:
    found, replica = compare(many(20_000), many(20_000) | {"012345": b"flipped"})

    assert found == [Found(RecordKey("o", "012345"), Difference.DIFFERENT)]
    assert replica.asked <= 4
    assert replica.parts_said <= 3 * (WAYS + 1)
    assert replica.records_said <= LEAF


def test_what_is_missing_and_what_is_extra_are_told_apart() -> None:
    source, replica = many(5_000), many(5_000)
    del replica["000000"]
    replica["zzz"] = b"extra"

    found, _ = compare(source, replica)

    assert found == [
        Found(RecordKey("o", "000000"), Difference.MISSING),
        Found(RecordKey("o", "zzz"), Difference.EXTRA),
    ]


def test_what_has_changed_meanwhile_is_no_difference() -> None:
    source = many(3_000) | {"000007": b"newer", "new": b"new"}
    replica = many(3_000) | {"gone": b"deleted at the source meanwhile"}

    found, replica_ = compare(source, replica, touched=["000007", "new", "gone"])

    assert found == []
    assert replica_.asked == 1


def test_a_difference_among_changes_is_found() -> None:
    source = many(3_000) | {"000007": b"newer"}

    found, _ = compare(source, many(3_000) | {"000008": b"flipped"}, touched=["000007"])

    assert [each.key.key for each in found] == ["000008"]


def test_a_piece_of_which_only_the_replica_has_something_is_all_extra() -> None:
    found, _ = compare({}, many(300))

    assert {each.difference for each in found} == {Difference.EXTRA}
    assert len(found) == 300


def test_a_piece_that_was_cut_shorter_here_is_asked_about_anew() -> None:
    within = KeyRange(None, RecordKey("o", "000009"))
    comparing = Comparing(within, digested(many(10)), [], None)

    Replica(many(100)).answer(comparing)

    assert comparing.found == []


keys = st.sampled_from([f"{number:03}" for number in range(400)])
states = st.dictionaries(keys, st.binary(max_size=1), max_size=400)


@settings(max_examples=200, deadline=None)
@given(states, states, st.sets(keys))
def test_exactly_what_differs_and_was_not_touched_is_found(source: State, changes: State, touched: set[str]) -> None:
    replica = {key: value for key, value in {**source, **changes}.items() if value != b"\0"}

    found, _ = compare(source, replica, touched)

    expected = {key for key in source.keys() | replica.keys() if source.get(key) != replica.get(key)} - touched
    assert [each.key.key for each in found] == sorted(expected)


def test_what_is_left_out_is_left_out_whether_it_is_there_or_not() -> None:
    records = digested({"a": b"1", "b": b"2", "c": b"3"})

    left = records.without([RecordKey("o", "b"), RecordKey("o", "bb"), RecordKey("z", "z")])

    assert list(left.keys) == [RecordKey("o", "a"), RecordKey("o", "c")]
    assert left.digests == [record_digest("o", "a", b"1"), record_digest("o", "c", b"3")]
    assert records.without([RecordKey("o", "d")]) is records


def test_a_key_is_read_when_it_is_looked_at_and_no_other() -> None:
    read: list[bytes] = []

    def key(place: bytes) -> RecordKey:
        read.append(place)
        return RecordKey("o", place.decode())

    held = Keys([b"a", b"b", b"c"], key, lambda key: key.key.encode())

    assert (len(held[1:]), held[1:].chosen([0, 1])[0], read) == (2, RecordKey("o", "c"), [b"c"])


def test_a_key_is_looked_for_without_reading_any() -> None:
    def unread(place: bytes) -> RecordKey:
        raise AssertionError(f"{place!r} was read")

    held = Keys([b"a", b"c", b"d"], unread, lambda key: key.key.encode())

    assert [held.find(RecordKey("o", key)) for key in "abcd"] == [0, None, 1, 2]
    assert [held.behind(RecordKey("o", key)) for key in ("", "a", "b", "z")] == [0, 1, 1, 3]
