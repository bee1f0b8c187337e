"""How the messages of a verification are written."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from operator import lt
from typing import Any

from twinpool.verification.digests import DigestMethod, KeyRange, RangeDigest
from twinpool.verification.messages import (
    MOST_KEYS,
    ContentChecked,
    ContentCheckWanted,
    Hindered,
    Hindrance,
    PartsRead,
    PartsWanted,
    PieceRead,
    PieceWanted,
    VerificationMessage,
)
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Digest, Position, Term
from twinpool.vocabulary.session import Cursor
from twinpool.wire.changes import decode_changes, encode_changes
from twinpool.wire.checks import hex_digest, integer, items, malformed, raw, text, truth
from twinpool.wire.form import Form
from twinpool.wire.headers import Headers, Kind

LONGEST_NAME = 200  #: characters of a verification's name

_TOTAL = struct.Struct(">qq")
_DIGEST = struct.Struct(">q")
_DIGITS = 64  # of the digest of a file

# ── parts of messages ───────────────────────────────────────────────────────────────────────────────────────


def _no_headers(_message: VerificationMessage) -> Headers:
    return {}


def _name(value: object) -> str:
    name = text(value, "verification")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise malformed("verification", "is no name of a verification")
    return name


def _step(value: object) -> int:
    return integer(value, "step")


def _key(value: object, field: str) -> RecordKey | None:
    if value is None:
        return None
    owner, key = items(value, field, 2)
    return RecordKey(text(owner, field), text(key, field))


def _range(value: object) -> KeyRange:
    after, upto = items(value, "within", 2)
    return KeyRange(_key(after, "within"), _key(upto, "within"))


def _cursor(value: object) -> Cursor | None:
    if value is None:
        return None
    term, position = items(value, "cursor", 2)
    return Cursor(Term(integer(term, "cursor")), Position(integer(position, "cursor")))


def _method(value: object) -> DigestMethod:
    name = text(value, "method")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or " " in name:
        raise malformed("method", "is no name of a way to digest")
    return DigestMethod(name)


def _methods(value: object) -> tuple[DigestMethod, ...]:
    names = text(value, "methods")
    if len(names) > LONGEST_NAME:
        raise malformed("methods", "names too many ways to digest")
    return tuple(map(_method, names.split(" ")))


def _pack_keys(keys: Sequence[RecordKey]) -> bytes:
    return encode_changes([Change(owner, key, None) for owner, key in keys])


def _named(value: object, field: str) -> list[Change]:
    """Take records, each once and in order."""
    named = decode_changes(raw(value, field))
    keys = [each[:2] for each in named]
    if len(keys) > MOST_KEYS or not all(map(lt, keys, keys[1:])):
        raise malformed(field, f"are too many, or not in order: {len(keys)}")
    return named


def _keys(value: object, field: str) -> tuple[RecordKey, ...]:
    return tuple(RecordKey(owner, key) for owner, key, _ in _named(value, field))


def _total(records: int, digest: int) -> RangeDigest:
    return RangeDigest(integer(records, "records"), digest)


def _pack_totals(totals: Sequence[RangeDigest]) -> bytes:
    return b"".join(_TOTAL.pack(*total) for total in totals)


def _totals(value: object, field: str) -> tuple[RangeDigest, ...]:
    packed = raw(value, field)
    if len(packed) % _TOTAL.size:
        raise malformed(field, f"has {len(packed)} bytes")
    return tuple(_total(*each) for each in _TOTAL.iter_unpack(packed))


def _pack_records(records: Sequence[tuple[RecordKey, int]]) -> bytes:
    return encode_changes([Change(owner, key, _DIGEST.pack(digest)) for (owner, key), digest in records])


def _records(value: object) -> tuple[tuple[RecordKey, int], ...]:
    return tuple(
        (RecordKey(owner, key), _DIGEST.unpack(raw(packed, "records", _DIGEST.size))[0])
        for owner, key, packed in _named(value, "records")
    )


def _pack_damaged(damaged: Sequence[tuple[RecordKey, Digest]]) -> bytes:
    return encode_changes([Change(owner, key, digest.encode()) for (owner, key), digest in damaged])


def _digests(value: object, field: str) -> tuple[Digest, ...]:
    joined = text(value, field)
    starts = range(0, len(joined), _DIGITS)
    return tuple(Digest(hex_digest(joined[start : start + _DIGITS], field)) for start in starts)


def _damaged(value: object) -> tuple[tuple[RecordKey, Digest], ...]:
    return tuple(
        (RecordKey(owner, key), Digest(hex_digest(raw(digest, "damaged", _DIGITS).decode("latin-1"), "damaged")))
        for owner, key, digest in _named(value, "damaged")
    )


# ── messages ────────────────────────────────────────────────────────────────────────────────────────────────


def _read_piece_wanted(_headers: Headers, fields: Sequence[object]) -> PieceWanted:
    name, step, within, limit, methods = fields
    return PieceWanted(
        verification=_name(name),
        step=_step(step),
        within=_range(within),
        limit=integer(limit, "limit", at_least=1),
        methods=_methods(methods),
    )


def _read_piece_read(_headers: Headers, fields: Sequence[object]) -> PieceRead:
    name, step, piece, cursor, upto, total, method = fields
    (whole,) = _totals(raw(total, "total", _TOTAL.size), "total")
    return PieceRead(
        verification=_name(name),
        step=_step(step),
        piece=integer(piece, "piece"),
        cursor=_cursor(cursor),
        upto=_key(upto, "upto"),
        total=whole,
        method=_method(method),
    )


def _read_parts_wanted(_headers: Headers, fields: Sequence[object]) -> PartsWanted:
    name, step, piece, within, excluded, boundaries, each = fields
    return PartsWanted(
        verification=_name(name),
        step=_step(step),
        piece=integer(piece, "piece"),
        within=_range(within),
        excluded=_keys(excluded, "excluded"),
        boundaries=_keys(boundaries, "boundaries"),
        each=truth(each, "each"),
    )


def _read_parts_read(_headers: Headers, fields: Sequence[object]) -> PartsRead:
    name, step, parts, records = fields
    return PartsRead(
        verification=_name(name), step=_step(step), parts=_totals(parts, "parts"), records=_records(records)
    )


def _read_content_check_wanted(_headers: Headers, fields: Sequence[object]) -> ContentCheckWanted:
    name, step, within, remove = fields
    return ContentCheckWanted(
        verification=_name(name), step=_step(step), within=_range(within), remove=_digests(remove, "remove")
    )


def _read_content_checked(_headers: Headers, fields: Sequence[object]) -> ContentChecked:
    name, step, upto, files, damaged = fields
    return ContentChecked(
        verification=_name(name),
        step=_step(step),
        upto=_key(upto, "upto"),
        files=integer(files, "files"),
        damaged=_damaged(damaged),
    )


def _read_hindered(_headers: Headers, fields: Sequence[object]) -> Hindered:
    name, step, hindrance, reason = fields
    try:
        known = Hindrance(text(hindrance, "hindrance"))
    except ValueError as error:
        raise malformed("hindrance", f"is unknown: {hindrance!r:.40}") from error
    return Hindered(verification=_name(name), step=_step(step), hindrance=known, reason=text(reason, "reason"))


def _form(kind: Kind, message: type[Any], fields: Any, field_count: int, read: Any) -> Form[Any]:
    return Form(
        kind=kind,
        message=message,
        headers=_no_headers,
        header_names=frozenset(),
        fields=lambda m: [m.verification, m.step, *fields(m)],
        field_count=field_count + 2,
        read=read,
    )


VERIFICATION_FORMS: tuple[Form[Any], ...] = (
    _form(Kind.PIECE_WANTED, PieceWanted, lambda m: [m.within, m.limit, " ".join(m.methods)], 3, _read_piece_wanted),
    _form(
        Kind.PIECE_READ,
        PieceRead,
        lambda m: [m.piece, m.cursor, m.upto, _pack_totals([m.total]), m.method],
        5,
        _read_piece_read,
    ),
    _form(
        Kind.PARTS_WANTED,
        PartsWanted,
        lambda m: [m.piece, m.within, _pack_keys(m.excluded), _pack_keys(m.boundaries), m.each],
        5,
        _read_parts_wanted,
    ),
    _form(Kind.PARTS_READ, PartsRead, lambda m: [_pack_totals(m.parts), _pack_records(m.records)], 2, _read_parts_read),
    _form(
        Kind.CONTENT_CHECK_WANTED,
        ContentCheckWanted,
        lambda m: [m.within, "".join(m.remove)],
        2,
        _read_content_check_wanted,
    ),
    _form(
        Kind.CONTENT_CHECKED,
        ContentChecked,
        lambda m: [m.upto, m.files, _pack_damaged(m.damaged)],
        3,
        _read_content_checked,
    ),
    _form(Kind.HINDERED, Hindered, lambda m: [m.hindrance.value, m.reason], 2, _read_hindered),
)
