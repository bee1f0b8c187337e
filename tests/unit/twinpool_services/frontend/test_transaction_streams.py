"""Transactions come out of a bulk body whole, whatever the pieces, and a bad one does not hide the next."""

from __future__ import annotations

import json
from itertools import chain

import pytest

from twinpool.errors import Invalid, InvalidRecord, MalformedMessage, TooLarge
from twinpool.vocabulary.change import Change
from twinpool.wire import encode_changes
from twinpool_services.frontend.limits import Limits
from twinpool_services.frontend.transaction_streams import Item, JsonLines, TransactionStream, transaction_stream

LIMITS = Limits(transaction_changes=10, transaction_bytes=1_000)


def line(owner: str) -> bytes:
    return json.dumps({"changes": [{"op": "put", "owner": owner, "key": "k", "value": "dg=="}]}).encode()


def all_items(stream: TransactionStream, body: bytes, piece: int) -> list[Item]:
    pieces = (body[at : at + piece] for at in range(0, len(body), piece))
    return [*chain.from_iterable(stream.feed(one) for one in pieces), *stream.finish()]


@pytest.mark.parametrize("piece", [1, 7, 1_000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\n\n"])
def test_lines_are_transactions_whatever_the_pieces(piece: int, end: bytes) -> None:
    body = line("a") + b"\n\n" + line("b") + b"\r\n" + line("c") + end

    assert all_items(JsonLines(10_000), body, piece) == [[Change(owner, "k", b"v")] for owner in "abc"]


def test_a_bad_line_does_not_hide_the_next() -> None:
    bad, good = all_items(JsonLines(10_000), b"{oops\n" + line("b"), 5)

    assert isinstance(bad, InvalidRecord)
    assert good == [Change("b", "k", b"v")]


def test_a_line_without_end_is_given_up() -> None:
    stream = JsonLines(100)

    assert not any(list(stream.feed(b" " * 10)) for _ in range(10))
    with pytest.raises(TooLarge):
        list(stream.feed(b" "))


@pytest.mark.parametrize("piece", [1, 7, 1_000])
def test_change_sets_follow_each_other_in_msgpack(piece: int) -> None:
    given = [[Change(owner, "k", b"v"), Change(owner, "l", None)] for owner in "abc"]
    stream = transaction_stream("application/msgpack", LIMITS)
    assert stream is not None

    assert all_items(stream, b"".join(map(encode_changes, given)), piece) == given


def test_a_cut_msgpack_stream_is_noticed() -> None:
    stream = transaction_stream("application/msgpack", LIMITS)
    assert stream is not None

    with pytest.raises(MalformedMessage):
        all_items(stream, encode_changes([Change("a", "k", b"v")])[:-1], 100)


@pytest.mark.parametrize(
    "media_type", ["application/x-ndjson; charset=utf-8", "Application/NDJSON", "application/msgpack"]
)
def test_the_media_type_chooses_the_form(media_type: str) -> None:
    assert transaction_stream(media_type, LIMITS) is not None


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/octet-stream"])
def test_other_media_types_are_not_taken(media_type: str) -> None:
    assert transaction_stream(media_type, LIMITS) is None


def test_every_error_of_an_item_is_about_input() -> None:
    (item,) = all_items(JsonLines(10_000), b"[" * 5_000, 10_000)

    assert isinstance(item, Invalid)
