"""Transactions in a stream come out whole, whatever the pieces they came in."""

from __future__ import annotations

import random

import pytest

from twinpool.errors import MalformedMessage, TooLarge
from twinpool.vocabulary.change import Change
from twinpool.wire import ChangeStream, encode_changes


def small_stream() -> ChangeStream:
    return ChangeStream(max_changes=10, max_bytes=1_000)


@pytest.mark.parametrize("piece", [1, 3, 64, 1_000_000])
def test_transactions_come_out_as_they_went_in_whatever_the_size_of_the_pieces(piece: int) -> None:
    chance = random.Random(7)
    given = [
        [Change(f"o{n}", f"k{i}", chance.choice([None, chance.randbytes(40)])) for i in range(chance.randint(1, 4))]
        for n in range(100)
    ]
    stream = b"".join(map(encode_changes, given))
    reader = small_stream()

    taken = [changes for at in range(0, len(stream), piece) for changes in reader.feed(stream[at : at + piece])]
    reader.finish()

    assert taken == given


@pytest.mark.parametrize(
    "broken",
    [
        b"\xc1",
        b"{}",
        b"\x94\xa1a\xa1b\xc0\xc0",
        b"\x93\x01\xa1b\xc0",
        b"\x93\xa2\xff\xff\xa1b\xc0",
        b"\x93\x93\xa1a\xa1b\xc0",
        encode_changes([Change("a", "b", b"cut")])[:-1],
        b"\xdc",
    ],
)
def test_a_broken_stream_is_refused(broken: bytes) -> None:
    reader = small_stream()

    with pytest.raises(MalformedMessage):  # noqa: PT012 - some show only at the end
        list(reader.feed(broken))
        reader.finish()


@pytest.mark.parametrize(
    "large",
    [
        encode_changes([Change("a", "b", b"x" * 2_000)]),
        encode_changes([Change("a", "b", b"x" * 200_000)]),
        encode_changes([Change("a", "b", None)] * 11),
        b"\xdd\xff\xff\xff\xff",
    ],
)
def test_a_transaction_that_is_too_large_is_refused(large: bytes) -> None:
    with pytest.raises(TooLarge):
        list(small_stream().feed(large))
