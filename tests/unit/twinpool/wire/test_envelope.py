"""Every message comes back as it was sent, and whatever else comes in is refused with a reason."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

import msgpack
import pytest
import zstandard
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.unit.twinpool.wire.samples import (
    A_BATCH,
    CANARY,
    CONTENT,
    MESSAGES,
    POOL1,
    POOL2,
    SESSION,
    STREAM,
    batch,
    change_set,
    delivered,
    delivery,
    envelope,
    messages,
    piece,
)
from twinpool.errors import MalformedMessage
from twinpool.failover.messages import Repaired
from twinpool.ports.broker import Delivery, Letter
from twinpool.protocol.content import PART_BYTES, ContentAbsent, ContentPart, ContentWanted
from twinpool.protocol.messages import Batch, Piece, Refusal, Refused
from twinpool.vocabulary.change import Change, ChangeSet, Record, RecordKey
from twinpool.vocabulary.names import Instant, PoolFqdn, Position, Term
from twinpool.wire import CONTENT_TYPE, MAX_BODY_BYTES, Kind, Message, decode, encode, encode_changes, peek
from twinpool.wire.columns import pack_columns
from twinpool.wire.headers import NAMES, Headers, seal

ids = [f"{type(message).__name__}-{number}" for number, message in enumerate(MESSAGES)]


def forged(letter: Letter, *, body: bytes | None = None, **headers: Any) -> Delivery:
    """A letter changed by somebody who knows how to compute the digest; None takes a header away."""
    changed: dict[str, Any] = {name: value for name, value in letter.headers.items() if name != "digest"}
    changed = {name: value for name, value in {**changed, **headers}.items() if value is not None}
    data = letter.body if body is None else body
    return delivery(letter, headers=seal(changed, data), body=data)


def with_body(letter: Letter, fields: object) -> Delivery:
    body: bytes = msgpack.packb(fields)
    return forged(letter, body=body, encoding="identity", size=len(body))


def fields_of(letter: Letter) -> list[Any]:
    assert letter.headers["encoding"] == "identity"
    fields: list[Any] = msgpack.unpackb(letter.body)
    return fields


def refusal_of(incoming: Delivery) -> MalformedMessage:
    with pytest.raises(MalformedMessage) as caught:
        decode(incoming)
    return caught.value


# ── there and back ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("message", MESSAGES, ids=ids)
def test_every_message_comes_back_as_it_was_sent(message: Message) -> None:
    assert decode(delivery(encode(envelope(message)))) == envelope(message)


@pytest.mark.parametrize("message", MESSAGES, ids=ids)
def test_the_headers_alone_tell_what_a_message_is(message: Message) -> None:
    glance = peek(delivery(encode(envelope(message)), body=b"not looked at"))

    assert (glance.source, glance.destination, glance.stream) == (POOL1, POOL2, STREAM)
    assert glance.session == getattr(message, "session", None)
    assert glance.number == getattr(message, "number", None)


def test_every_kind_is_among_the_samples() -> None:
    assert {peek(delivery(encode(envelope(message)))).kind for message in MESSAGES} == set(Kind)


def test_a_message_without_a_trace_comes_back_without_one() -> None:
    assert decode(delivery(encode(envelope(CANARY, traceparent=None)))).traceparent is None


def test_what_carries_data_goes_to_the_modules_queue_and_all_else_to_the_control_queue() -> None:
    subjects = {peek(delivery(letter)).kind: letter.routing_key for letter in map(encode, map(envelope, MESSAGES))}

    to_module = {kind for kind, key in subjects.items() if key == f"{POOL2}.{STREAM.module}"}
    assert to_module == {Kind.BATCH, Kind.PIECE, Kind.CONTENT_PART}
    assert {key for kind, key in subjects.items() if kind not in to_module} == {f"{POOL2}.control"}


def test_a_batchs_headers_tell_its_place_its_size_and_its_age() -> None:
    headers = encode(envelope(A_BATCH)).headers

    assert headers["session"] == "3.14.15"
    assert [headers[name] for name in ("number", "after", "last", "changes")] == [7, 10, 13, 3]
    assert headers["oldest"] == round(A_BATCH.change_sets[0].committed_at * 1_000_000)


def test_headers_that_others_add_on_the_way_do_no_harm() -> None:
    letter = encode(envelope(A_BATCH))

    again = decode(delivery(letter, headers={**letter.headers, "x-delivery-count": 3, "x-death": [{}]}))
    assert again == envelope(A_BATCH)


def test_a_large_body_is_compressed_and_a_small_or_random_one_is_not() -> None:
    large = batch(change_set(1, Change("ada", "notes", b"again and " * 1000)))
    random = batch(change_set(1, Change("ada", "notes", zstandard.compress(bytes(range(256)) * 4, 19)[:200])))

    assert encode(envelope(large)).headers["encoding"] == "zstd"
    assert encode(envelope(random)).headers["encoding"] == "identity"
    assert decode(delivery(encode(envelope(large)))).message == large


@given(
    st.lists(
        st.tuples(
            st.integers(1, 1000),
            st.floats(0, 4e9),
            st.lists(st.tuples(st.text(), st.text(), st.none() | st.binary()), min_size=1, max_size=5),
        ),
        max_size=20,
    )
)
def test_any_batch_comes_back(steps: list[tuple[int, float, list[tuple[str, str, bytes | None]]]]) -> None:
    position, sets = 0, []
    for step, at, parts in steps:
        position += step
        made = change_set(position, *(Change(*part) for part in parts))
        sets.append(made._replace(committed_at=Instant(at)))
    sent = batch(*sets)

    assert decode(delivery(encode(envelope(sent)))).message == sent


# ── damage on the way ───────────────────────────────────────────────────────────────────────────────────────


@given(messages, st.data())
@settings(max_examples=150)
def test_a_bit_flipped_anywhere_in_the_body_is_found(message: Message, data: st.DataObject) -> None:
    letter = encode(envelope(message))
    bit = data.draw(st.integers(0, 8 * len(letter.body) - 1))
    body = bytearray(letter.body)
    body[bit // 8] ^= 1 << bit % 8

    refusal_of(delivery(letter, body=bytes(body)))


@given(messages, st.data())
@settings(max_examples=150)
def test_a_header_changed_anyhow_is_found(message: Message, data: st.DataObject) -> None:
    letter = encode(envelope(message))
    name = data.draw(st.sampled_from([*NAMES, "digest"]))
    value = data.draw(st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.lists(st.text()))
    assume(value != letter.headers.get(name) or type(value) is not type(letter.headers.get(name)))

    refusal_of(delivery(letter, headers={**letter.headers, name: value}))


@given(messages, st.data())
@settings(max_examples=150)
def test_a_bit_flipped_in_any_header_is_found(message: Message, data: st.DataObject) -> None:
    letter = encode(envelope(message))
    name = data.draw(st.sampled_from(sorted(letter.headers)))
    value = letter.headers[name]
    if isinstance(value, int):
        changed: str | int = value ^ 1 << data.draw(st.integers(0, 62))
    else:
        place = data.draw(st.integers(0, len(value) - 1))
        changed = value[:place] + chr(ord(value[place]) ^ 1 << data.draw(st.integers(0, 6))) + value[place + 1 :]

    refusal_of(delivery(letter, headers={**letter.headers, name: changed}))


@given(messages, st.data())
def test_a_truncated_or_lengthened_body_is_found(message: Message, data: st.DataObject) -> None:
    letter = encode(envelope(message))
    length = data.draw(st.integers(0, len(letter.body) - 1))

    refusal_of(delivery(letter, body=letter.body[:length]))
    refusal_of(delivery(letter, body=letter.body + b"\0"))


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.text() | st.just(CONTENT_TYPE) | st.from_regex(r"application/vnd\.twinpool\.v\d+\+msgpack"),
    st.dictionaries(st.sampled_from([*NAMES, "digest"]) | st.text(), json_like),
    st.binary(),
)
@example(CONTENT_TYPE, {"kind": "\ud800", "digest": "0" * 64}, b"")
@settings(max_examples=150)
def test_whatever_comes_in_nothing_but_malformed_message_is_raised(
    content_type: str, headers: Mapping[str, object], body: bytes
) -> None:
    incoming = delivered(content_type=content_type, headers=headers, body=body)

    refusal_of(incoming)
    with contextlib.suppress(MalformedMessage):
        peek(incoming)


# ── forgeries: the digest fits, the rest does not ───────────────────────────────────────────────────────────


@given(messages, st.binary(max_size=200))
@settings(max_examples=150)
def test_a_body_of_random_bytes_is_refused_even_with_a_right_digest(message: Message, body: bytes) -> None:
    letter = encode(envelope(message))
    assume(body != letter.body)
    try:
        again = decode(forged(letter, body=body, encoding="identity", size=len(body)))
    except MalformedMessage:
        return
    assert type(again.message) is type(message)  # By chance a short body may mean something.


@given(messages, st.data())
@settings(max_examples=200)
def test_a_field_of_any_other_type_or_range_is_refused_or_understood(message: Message, data: st.DataObject) -> None:
    letter = encode(envelope(message))
    if letter.headers["encoding"] != "identity":
        return
    fields = fields_of(letter)
    fields[data.draw(st.integers(0, len(fields) - 1))] = data.draw(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats()
        | st.text(max_size=8)
        | st.binary(max_size=64)
        | st.lists(st.none() | st.integers(-5, 5) | st.text(max_size=3), max_size=4)
    )
    try:
        again = decode(with_body(letter, fields))
    except MalformedMessage:
        return
    assert decode(delivery(encode(again))) == again


@pytest.mark.parametrize(
    "noted", [7, "3.20.1", [3, 20], [3, 20, 1, 0], [3, 20, "1"], [3, -1, 1], [3, 2**63, 1], [None] * 3]
)
def test_a_noted_session_of_any_other_form_is_refused(noted: object) -> None:
    told = Refused(session=SESSION, refusal=Refusal.NEWER_SESSION, reason="too old", noted=SESSION)
    letter = encode(envelope(told))
    with pytest.raises(MalformedMessage, match="noted"):
        decode(with_body(letter, [*fields_of(letter)[:-1], noted]))


@pytest.mark.parametrize("name", ["kind", "source", "destination", "home", "module", "session", "number", "size"])
@pytest.mark.parametrize("value", [None, "", "A B", -1, 2**64, True, 1.5, b"x", "\ud800", "é", "x" * 300])
def test_a_forged_header_is_refused_with_a_reason(name: str, value: Any) -> None:
    letter = encode(envelope(A_BATCH))
    if isinstance(value, float | bytes) or value in {"\ud800", -1, 2**64} or value is True:
        error = refusal_of(delivery(letter, headers={**letter.headers, name: value}))
    else:
        error = refusal_of(forged(letter, **{name: value}))
    assert str(error)


def test_a_header_that_has_no_place_in_a_kind_of_message_is_refused() -> None:
    error = refusal_of(forged(encode(envelope(MESSAGES[0])), number=3))

    assert error.field == "number"


@pytest.mark.parametrize(
    "session", ["1.2", "0.1.1", "1.1.1.1", "01.1.1", "1.1.-1", f"{2**63}.1.1", "1.1.1\n", "\u0661.1.1"]
)
def test_a_session_is_three_positive_numbers(session: str) -> None:
    assert refusal_of(forged(encode(envelope(CANARY)), session=session)).field == "session"


def test_another_version_is_refused_by_its_number() -> None:
    error = refusal_of(delivery(encode(envelope(CANARY)), content_type="application/vnd.twinpool.v2+msgpack"))

    assert "version 2" in str(error)
    assert "speaks version 1" in str(error)


@pytest.mark.parametrize("content_type", ["", "application/json", CONTENT_TYPE + " ", CONTENT_TYPE.upper()])
def test_a_foreign_content_type_is_refused(content_type: str) -> None:
    assert refusal_of(delivery(encode(envelope(CANARY)), content_type=content_type)).field == "content_type"


def rebuilt(message: Batch, **changed: Any) -> Delivery:
    """A batch that says of itself what is not so."""
    return delivery(encode(envelope(dataclasses.replace(message, **changed))))


@pytest.mark.parametrize(
    "changed",
    [
        {"last": Position(14)},
        {"last": Position(12)},
        {"after": Position(11)},
        {"change_sets": A_BATCH.change_sets[::-1]},
        {"change_sets": (A_BATCH.change_sets[1],) * 2},
        {"number": 0},
        {"digest": b""},
        {"digest": b"x" * 17},
    ],
    ids=str,
)
def test_a_batch_that_contradicts_itself_is_refused(changed: dict[str, Any]) -> None:
    refusal_of(rebuilt(A_BATCH, **changed))


def test_a_canary_that_moves_on_is_refused() -> None:
    assert refusal_of(rebuilt(CANARY, last=Position(11))).field == "last"


@pytest.mark.parametrize(
    "change",
    [
        {"change_count": 0},
        {"change_count": 1},
        {"change_count": 4},
        {"payload": b""},
        {"payload": b"\xc0"},
        {"committed_at": float("nan")},
        {"committed_at": float("inf")},
        {"committed_at": -1.0},
    ],
    ids=str,
)
def test_a_change_set_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    columns = fields_of(encode(envelope(A_BATCH)))
    spoilt: ChangeSet = A_BATCH.change_sets[0]._replace(**change)
    letter = encode(envelope(A_BATCH))
    counts = spoilt.change_count + A_BATCH.change_sets[1].change_count

    fields = [*columns[:3], *pack_columns((spoilt, A_BATCH.change_sets[1]))]
    body: bytes = msgpack.packb(fields)
    refusal_of(forged(letter, body=body, size=len(body), changes=counts))


def test_counts_that_the_headers_and_the_body_disagree_about_are_refused() -> None:
    letter = encode(envelope(A_BATCH))

    assert refusal_of(forged(letter, changes=4)).field == "changes"
    assert refusal_of(forged(letter, oldest=1)).field == "oldest"
    assert refusal_of(forged(encode(envelope(CANARY)), oldest=1)).field == "oldest"


@pytest.mark.parametrize(
    "wrong",
    [
        piece(Record("b", "b", b""), Record("a", "a", b"")),
        piece(Record("a", "a", b""), Record("a", "a", b"")),
        piece(Record("a", "a", b""), walked_from=RecordKey("a", "a")),
        dataclasses.replace(piece(Record("a", "a", b"")), walked_to=RecordKey("a", "b")),
        dataclasses.replace(piece(Record("a", "b", b""), walked_from=RecordKey("a", "a")), begins=True),
    ],
    ids=["unordered", "doubled", "behind", "elsewhere", "begins in the middle"],
)
def test_a_piece_whose_walk_cannot_be_is_refused(wrong: Piece) -> None:
    refusal_of(delivery(encode(envelope(wrong))))


def test_content_beyond_the_end_of_its_file_is_refused() -> None:
    part = ContentPart(digest=CONTENT, offset=0, total=4, data=b"hello")

    refusal_of(delivery(encode(envelope(part))))


@pytest.mark.parametrize(("offset", "length"), [(1, 1), (0, 0), (0, 9 * PART_BYTES)])
def test_content_is_asked_for_by_parts_and_not_too_many(offset: int, length: int) -> None:
    refusal_of(delivery(encode(envelope(ContentWanted(digest=CONTENT, offset=offset, length=length)))))


@pytest.mark.parametrize(
    "untouched",
    [
        encode_changes([Change("ada", "k", b"short")]),
        encode_changes([Change("ada", "k", b"x" * 17)]),
        encode_changes([Change("ada", str(n), None) for n in range(1001)]),
        b"\x93",
        "text",
        [],
    ],
    ids=["short", "long", "too many", "cut", "text", "array"],
)
def test_a_word_about_repaired_records_of_any_other_form_is_refused(untouched: object) -> None:
    letter = encode(envelope(Repaired(term=Term(2), request=1, position=Position(9), untouched=())))

    with pytest.raises(MalformedMessage):
        decode(with_body(letter, [*fields_of(letter)[:-1], untouched]))


# ── bombs ───────────────────────────────────────────────────────────────────────────────────────────────────


def bomb(letter: Letter, *, says: int, contains: int) -> Delivery:
    compressed = zstandard.ZstdCompressor(level=1).compress(bytes(contains))
    return forged(letter, body=compressed, encoding="zstd", size=says)


def test_a_body_that_becomes_larger_than_announced_is_not_expanded() -> None:
    letter = encode(envelope(CANARY))

    assert refusal_of(bomb(letter, says=1000, contains=MAX_BODY_BYTES)).field == "size"
    assert refusal_of(bomb(letter, says=MAX_BODY_BYTES + 1, contains=MAX_BODY_BYTES + 1)).field == "size"
    assert refusal_of(bomb(letter, says=2000, contains=1000)).field == "size"


def test_a_compressed_body_without_its_size_or_with_something_after_it_is_refused() -> None:
    letter = encode(envelope(CANARY))
    sizeless = zstandard.ZstdCompressor(write_content_size=False).compress(letter.body)
    trailing = zstandard.compress(letter.body) + b"more"

    refusal_of(forged(letter, body=sizeless, encoding="zstd"))
    refusal_of(forged(letter, body=trailing, encoding="zstd"))
    refusal_of(forged(letter, encoding="gzip"))


def test_nested_arrays_that_claim_to_be_huge_are_refused() -> None:
    letter = encode(envelope(CANARY))
    body = b"\xdd\x00\xff\xff\xff" * 1000 + bytes(0xFFFFFF)

    refusal_of(forged(letter, body=body, encoding="identity", size=len(body)))


def test_a_message_that_cannot_be_written_is_refused_by_the_sender() -> None:
    with pytest.raises(MalformedMessage):
        encode(envelope(ContentAbsent(digest=CONTENT, reason="\ud800")))


def test_headers_are_sealed_in_one_order_whatever_order_they_came_in() -> None:
    letter = encode(envelope(A_BATCH))
    shuffled: Headers = dict(reversed(list(letter.headers.items())))

    assert decode(delivery(letter, headers=shuffled)) == envelope(A_BATCH)


def test_names_of_pools_are_lower_case() -> None:
    shouting = dataclasses.replace(envelope(CANARY), source=PoolFqdn("POOL1.LAB"))

    assert refusal_of(delivery(encode(shouting))).field == "source"
