"""How the messages about a stream are written.

Headers and body together make the message. What both could tell (the count of changes, the last position, the
oldest time) is checked for agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import lt
from typing import Any

from twinpool.protocol.messages import (
    Acknowledgement,
    Batch,
    Open,
    Opened,
    Piece,
    Refusal,
    Refused,
    Reopen,
    StreamMessage,
)
from twinpool.vocabulary.change import Change, ChangeSet, Record, RecordKey
from twinpool.vocabulary.names import Generation, Instant, Position, Term
from twinpool.vocabulary.session import Cursor, SessionId, Staging
from twinpool.wire.changes import decode_changes, encode_changes
from twinpool.wire.checks import instant, integer, items, malformed, raw, text, truth
from twinpool.wire.columns import pack_columns, unpack_columns
from twinpool.wire.form import Form
from twinpool.wire.headers import Headers, Kind, session_of

_DIGEST_BYTES = 16

# ── parts of messages ───────────────────────────────────────────────────────────────────────────────────────


def _position(value: object, field: str) -> Position:
    return Position(integer(value, field))


def _optional_position(value: object, field: str) -> Position | None:
    return None if value is None else _position(value, field)


def _cursor(value: object) -> Cursor | None:
    if value is None:
        return None
    term, position = items(value, "cursor", 2)
    return Cursor(Term(integer(term, "cursor")), _position(position, "cursor"))


def _record_key(value: object, field: str) -> RecordKey | None:
    if value is None:
        return None
    owner, key = items(value, field, 2)
    return RecordKey(text(owner, field), text(key, field))


def _staging(value: object) -> Staging | None:
    if value is None:
        return None
    position, walked_to, settles_at = items(value, "staging", 3)
    return Staging(
        position=_position(position, "staging"),
        walked_to=_record_key(walked_to, "staging"),
        settles_at=_optional_position(settles_at, "staging"),
    )


def _noted(value: object) -> SessionId | None:
    if value is None:
        return None
    term, generation, number = (integer(item, "noted") for item in items(value, "noted", 3))
    return SessionId(Term(term), Generation(generation), number)


def _microseconds(change_sets: Sequence[ChangeSet]) -> int:
    """When the oldest of the changes was committed."""
    return round(min(change_set.committed_at for change_set in change_sets) * 1_000_000)


# ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────


def _session_header(message: StreamMessage) -> Headers:
    return {"session": str(message.session)}


def _read_open(headers: Headers, fields: Sequence[object]) -> Open:
    oldest, head = fields
    session = session_of(headers["session"])
    return Open(session=session, oldest=_position(oldest, "oldest"), head=_position(head, "head"))


def _opened_fields(message: Opened) -> list[Any]:
    staging = message.staging
    aside = staging and (staging.position, staging.walked_to, staging.settles_at)
    return [message.cursor, aside]


def _read_opened(headers: Headers, fields: Sequence[object]) -> Opened:
    cursor, staging = fields
    return Opened(session=session_of(headers["session"]), cursor=_cursor(cursor), staging=_staging(staging))


# ── batches and pieces ──────────────────────────────────────────────────────────────────────────────────────


def _batch_headers(batch: Batch) -> Headers:
    headers: Headers = {
        "session": str(batch.session),
        "number": batch.number,
        "after": batch.after,
        "last": batch.last,
        "changes": batch.change_count,
    }
    return headers if batch.is_canary else {**headers, "oldest": _microseconds(batch.change_sets)}


def _read_batch(headers: Headers, fields: Sequence[object]) -> Batch:
    head, staged, digest, *columns = fields
    batch = Batch(
        session=session_of(headers["session"]),
        number=integer(headers["number"], "number", at_least=1),
        after=_position(headers["after"], "after"),
        last=_position(headers["last"], "last"),
        head=_position(head, "head"),
        staged=truth(staged, "staged"),
        change_sets=unpack_columns(columns),
        digest=raw(digest, "digest", _DIGEST_BYTES),
    )
    _agree(batch, headers)
    return batch


def _agree(batch: Batch, headers: Headers) -> None:
    """Make sure that the headers tell of the same change sets as the body."""
    change_sets = batch.change_sets
    if batch.change_count != headers["changes"]:
        raise malformed("changes", "disagrees with the body")
    if (_microseconds(change_sets) if change_sets else None) != headers.get("oldest"):
        raise malformed("oldest", "disagrees with the body")
    if batch.last != (change_sets[-1].position if change_sets else batch.after):
        raise malformed("last", "disagrees with the body")
    if change_sets and change_sets[0].position <= batch.after:
        raise malformed("after", "is not before the first change set")


def _piece_headers(piece: Piece) -> Headers:
    return {"session": str(piece.session), "number": piece.number, "changes": len(piece.records)}


def _piece_fields(piece: Piece) -> list[Any]:
    walk = [piece.begins, piece.position, piece.walked_from, piece.walked_to, piece.settles_at]
    return [*walk, _encode_records(piece.records), piece.digest]


def _read_piece(headers: Headers, fields: Sequence[object]) -> Piece:
    begins, position, walked_from, walked_to, settles_at, payload, digest = fields
    piece = Piece(
        session=session_of(headers["session"]),
        number=integer(headers["number"], "number", at_least=1),
        begins=truth(begins, "begins"),
        position=_position(position, "position"),
        walked_from=_record_key(walked_from, "walked_from"),
        walked_to=_record_key(walked_to, "walked_to"),
        settles_at=_optional_position(settles_at, "settles_at"),
        records=_decode_records(raw(payload, "records")),
        digest=raw(digest, "digest", _DIGEST_BYTES),
    )
    _check_walk(piece, headers)
    return piece


def _check_walk(piece: Piece, headers: Headers) -> None:
    """Make sure that the records are in order and that the walk is where they end."""
    if len(piece.records) != headers["changes"]:
        raise malformed("changes", "disagrees with the body")
    if piece.begins and piece.walked_from is not None:
        raise malformed("walked_from", "names a record before the first")
    path = [RecordKey(owner, key) for owner, key, _ in piece.records]
    if piece.walked_to != (path[-1] if path else piece.walked_from):
        raise malformed("walked_to", "is not the last record")
    path = path if piece.walked_from is None else [piece.walked_from, *path]
    if not all(map(lt, path, path[1:])):
        raise malformed("records", "are not in order")


def _encode_records(records: Sequence[Record]) -> bytes:
    """Encode records as the changes that would make them."""
    return encode_changes([Change(*record) for record in records])


def _decode_records(payload: bytes) -> tuple[Record, ...]:
    """Decode what `_encode_records` made. Raises `MalformedMessage`."""
    changes = decode_changes(payload)
    records = tuple(Record(owner, key, value) for owner, key, value in changes if value is not None)
    if len(records) != len(changes):
        raise malformed("records", "hold one without a value")
    return records


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────


def _read_acknowledgement(headers: Headers, fields: Sequence[object]) -> Acknowledgement:
    cursor, digest, imported_at = fields
    number = integer(headers["number"], "number")
    return Acknowledgement(
        session=session_of(headers["session"]),
        number=number,
        cursor=_cursor(cursor),
        digest=raw(digest, "digest", _DIGEST_BYTES if number else 0),
        imported_at=Instant(instant(imported_at, "imported_at")),
    )


def _read_reopen(headers: Headers, fields: Sequence[object]) -> Reopen:
    return Reopen(session=session_of(headers["session"]), reason=text(fields[0], "reason"))


def _read_refused(headers: Headers, fields: Sequence[object]) -> Refused:
    refusal, reason, term, noted = fields
    known = {each.value: each for each in Refusal}
    if (word := text(refusal, "refusal")) not in known:
        raise malformed("refusal", f"is unknown: {word!r:.40}")
    return Refused(
        session=session_of(headers["session"]),
        refusal=known[word],
        reason=text(reason, "reason"),
        term=None if term is None else Term(integer(term, "term", at_least=1)),
        noted=_noted(noted),
    )


# ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────

_SESSION = frozenset({"session"})
_NUMBERED = frozenset({"session", "number"})

STREAM_FORMS: tuple[Form[Any], ...] = (
    Form(
        kind=Kind.OPEN,
        message=Open,
        headers=_session_header,
        header_names=_SESSION,
        fields=lambda open_: [open_.oldest, open_.head],
        field_count=2,
        read=_read_open,
    ),
    Form(
        kind=Kind.OPENED,
        message=Opened,
        headers=_session_header,
        header_names=_SESSION,
        fields=_opened_fields,
        field_count=2,
        read=_read_opened,
    ),
    Form(
        kind=Kind.BATCH,
        message=Batch,
        headers=_batch_headers,
        header_names=_NUMBERED | {"after", "last", "changes"},
        optional=frozenset({"oldest"}),
        fields=lambda batch: [batch.head, batch.staged, batch.digest, *pack_columns(batch.change_sets)],
        field_count=8,
        read=_read_batch,
        bulky=True,
    ),
    Form(
        kind=Kind.PIECE,
        message=Piece,
        headers=_piece_headers,
        header_names=_NUMBERED | {"changes"},
        fields=_piece_fields,
        field_count=7,
        read=_read_piece,
        bulky=True,
    ),
    Form(
        kind=Kind.ACKNOWLEDGEMENT,
        message=Acknowledgement,
        headers=lambda said: {"session": str(said.session), "number": said.number},
        header_names=_NUMBERED,
        fields=lambda said: [said.cursor, said.digest, float(said.imported_at)],
        field_count=3,
        read=_read_acknowledgement,
    ),
    Form(
        kind=Kind.REOPEN,
        message=Reopen,
        headers=_session_header,
        header_names=_SESSION,
        fields=lambda said: [said.reason],
        field_count=1,
        read=_read_reopen,
    ),
    Form(
        kind=Kind.REFUSED,
        message=Refused,
        headers=_session_header,
        header_names=_SESSION,
        fields=lambda said: [said.refusal.value, said.reason, said.term, said.noted],
        field_count=4,
        read=_read_refused,
    ),
)
