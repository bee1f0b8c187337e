from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from twinpool.verification.digests import EVERYTHING, KeyRange, RangeDigest, parts_of, range_digest, record_digest
from twinpool.vocabulary.change import RecordKey

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
records = st.tuples(texts, texts, st.binary(max_size=5))


def test_the_digest_of_a_record_is_the_documented_one() -> None:
    expected = hashlib.sha256("ada\0contacts/bücher\0friend".encode()).digest()[:8]

    assert record_digest("ada", "contacts/bücher", b"friend") == int.from_bytes(expected, "big", signed=True)


@given(records, records)
def test_different_records_have_different_digests(
    first: tuple[str, str, bytes], second: tuple[str, str, bytes]
) -> None:
    assert (record_digest(*first) == record_digest(*second)) is (first == second)


def test_a_byte_that_moves_from_key_to_value_is_noticed() -> None:
    assert record_digest("a", "bc", b"d") != record_digest("a", "b", b"cd")
    assert record_digest("a", "b", b"\0c") != record_digest("a", "b", b"c")


@given(st.lists(records))
def test_the_order_of_records_does_not_matter(some: list[tuple[str, str, bytes]]) -> None:
    digests = [record_digest(*one) for one in some]

    assert range_digest(digests) == range_digest(sorted(digests))


def test_nothing_comes_to_nothing() -> None:
    assert range_digest([]) == RangeDigest(0, 0)


@given(st.lists(st.tuples(texts, texts), unique=True), st.tuples(texts, texts))
def test_each_key_is_in_exactly_one_part(boundaries: list[tuple[str, str]], key: tuple[str, str]) -> None:
    parts = parts_of(EVERYTHING, [RecordKey(*each) for each in sorted(boundaries)])

    assert len(parts) == len(boundaries) + 1
    assert sum(part.holds(RecordKey(*key)) for part in parts) == 1


def test_a_range_begins_after_its_first_key_and_ends_with_its_last() -> None:
    within = KeyRange(RecordKey("a", "1"), RecordKey("a", "3"))

    assert [within.holds(RecordKey("a", key)) for key in ("1", "2", "3", "4")] == [False, True, True, False]
