"""The payload of a change set comes back as it was, and nothing else passes for one."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinpool.errors import InvalidRecord, MalformedMessage
from twinpool.vocabulary.change import Change
from twinpool.wire import MAX_CHANGE_SET_BYTES, decode_all, decode_changes, encode_changes

changes = st.lists(st.builds(Change, st.text(), st.text(), st.none() | st.binary()), max_size=30)


@given(changes)
def test_changes_come_back_as_they_were(given_changes: list[Change]) -> None:
    assert decode_changes(encode_changes(given_changes)) == given_changes


@given(st.lists(changes, max_size=8))
def test_several_change_sets_come_back_in_order(sets: list[list[Change]]) -> None:
    again = decode_all(encode_changes(each) for each in sets)

    assert again == [change for each in sets for change in each]
    assert all(type(change) is Change for change in again)


def test_no_change_sets_hold_no_changes() -> None:
    assert decode_all([]) == []


@given(st.binary())
@settings(max_examples=150)
def test_any_bytes_are_changes_or_malformed(payload: bytes) -> None:
    try:
        again = decode_changes(payload)
    except MalformedMessage:
        return
    assert all(type(change.owner) is str and type(change.value) in {bytes, type(None)} for change in again)


@given(changes.filter(bool), st.data())
def test_a_truncated_or_lengthened_payload_is_malformed(given_changes: list[Change], data: st.DataObject) -> None:
    payload = encode_changes(given_changes)
    length = data.draw(st.integers(0, len(payload) - 1))

    for wrong in (payload[:length], payload + b"\xc0", payload + payload):
        with pytest.raises(MalformedMessage):
            decode_changes(wrong)


def test_payloads_that_only_make_sense_together_are_malformed() -> None:
    first, second = encode_changes([Change("a", "b", b"c")]), encode_changes([Change("d", "e", b"f")])

    with pytest.raises(MalformedMessage):
        decode_all([first[:-2], first[-2:] + second])
    with pytest.raises(MalformedMessage):
        decode_all([first + second, b""])


@pytest.mark.parametrize(
    "items",
    [
        ["owner"],
        ["owner", "key"],
        [1, "key", b""],
        ["owner", b"key", b""],
        ["owner", None, b""],
        ["owner", "key", "text"],
        ["owner", "key", True],
        ["owner", "key", 1.5],
        ["owner", "key", []],
        ["owner", "key", {}],
        ["owner", [], b""],
        ["owner", "key", msgpack.ExtType(1, b"")],
        ["owner", "key", msgpack.Timestamp(1)],
        "owner",
        {"owner": "key"},
        None,
        3,
    ],
    ids=repr,
)
def test_something_else_than_owners_keys_and_values_is_malformed(items: Any) -> None:
    with pytest.raises(MalformedMessage):
        decode_changes(msgpack.packb(items))


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\xc3"], ids=["byte", "surrogate", "half"])
def test_text_that_is_not_utf8_is_malformed(bad: bytes) -> None:
    payload = msgpack.packb(["owner", "key", b""]).replace(b"\xa5owner", bytes([0xA0 + len(bad)]) + bad)

    with pytest.raises(MalformedMessage):
        decode_changes(payload)


def test_arrays_that_claim_more_than_they_hold_are_malformed() -> None:
    for claim in (b"\xdd\xff\xff\xff\xff", b"\xdc\xff\xff", b"\x9f", b"\xdd\xff\xff\xff\xfc" * 1000):
        with pytest.raises(MalformedMessage):
            decode_changes(claim)


def test_text_that_cannot_be_written_in_utf8_is_refused_by_the_writer() -> None:
    with pytest.raises(InvalidRecord):
        encode_changes([Change("\ud800", "key", b"")])


def test_a_transaction_that_no_broker_would_carry_is_refused_by_the_writer() -> None:
    with pytest.raises(InvalidRecord, match="bytes"):
        encode_changes([Change("owner", "key", bytes(MAX_CHANGE_SET_BYTES))])
