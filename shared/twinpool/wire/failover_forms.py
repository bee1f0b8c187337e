"""How the messages about who serves a home are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from twinpool.failover.messages import (
    MOST_REPAIRS,
    Abort,
    Aborted,
    FailoverMessage,
    HandedOver,
    HandOver,
    Objected,
    Objection,
    Quiesce,
    Quiesced,
    Repaired,
    RepairWanted,
    Standing,
    StandingWanted,
    VerificationTold,
    VerifyWanted,
)
from twinpool.failover.operation import Heads, OperationId, Verification
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.home import Mode, TermBeginning
from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Position, Term
from twinpool.vocabulary.orphan import FINGERPRINT_BYTES, Untouched
from twinpool.wire.changes import decode_changes, encode_changes
from twinpool.wire.checks import integer, items, malformed, module_name, pool_name, raw, text
from twinpool.wire.form import Form
from twinpool.wire.headers import Headers, Kind

MOST_MODULES = 1000
MOST_BEGINNINGS = 100_000
LONGEST_ID = 200  #: characters

# ── parts of messages ───────────────────────────────────────────────────────────────────────────────────────


def _no_headers(_message: FailoverMessage) -> Headers:
    return {}


def _operation(value: object) -> OperationId:
    name = text(value, "operation")
    if not 0 < len(name) <= LONGEST_ID or not name.isprintable():
        raise malformed("operation", "is no name of an operation")
    return OperationId(name)


def _term(value: object) -> Term:
    return Term(integer(value, "term", at_least=1))


def _seconds(value: object, field: str) -> float:
    if type(value) is not float or not math.isfinite(value) or value <= 0:
        raise malformed(field, f"is no span of time: {value!r:.40}")
    return value


def _pack_rows(rows: Sequence[Sequence[str | int]]) -> str:
    """Write rows of names and numbers as lines; no name of ours has a space or a line's end in it."""
    return "\n".join(" ".join(map(str, row)) for row in rows)


def _rows(value: object, field: str, columns: int, most: int) -> list[list[str]]:
    lines = text(value, field)
    rows = [line.split(" ") for line in lines.split("\n")] if lines else []
    if len(rows) > most or any(len(row) != columns for row in rows):
        raise malformed(field, f"is no table of {columns} columns and at most {most} rows")
    return rows


def _number(digits: str, field: str, *, at_least: int = 0) -> int:
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or str(int(digits)) != digits:
        raise malformed(field, f"holds no number: {digits!r:.40}")
    return integer(int(digits), field, at_least=at_least)


def _heads(value: object) -> Heads:
    rows = _rows(value, "heads", 2, MOST_MODULES)
    heads = tuple((ModuleName(module_name(name, "heads")), Position(_number(at, "heads"))) for name, at in rows)
    if list(heads) != sorted(dict(heads).items()):
        raise malformed("heads", "are not in order")
    return heads


def _pack_beginnings(beginnings: Sequence[TermBeginning]) -> str:
    return _pack_rows([(each.home, each.module, each.term, each.serving_pool, each.position) for each in beginnings])


def _beginnings(value: object) -> tuple[TermBeginning, ...]:
    field = "beginnings"
    return tuple(
        TermBeginning(
            home=Home(pool_name(home, field)),
            module=ModuleName(module_name(module, field)),
            term=Term(_number(term, field, at_least=1)),
            serving_pool=PoolFqdn(pool_name(pool, field)),
            position=Position(_number(position, field)),
        )
        for home, module, term, pool, position in _rows(value, field, 5, MOST_BEGINNINGS)
    )


def _keys(value: object) -> tuple[RecordKey, ...]:
    changes = decode_changes(raw(value, "keys"))
    if not 0 < len(changes) <= MOST_REPAIRS or any(value is not None for _, _, value in changes):
        raise malformed("keys", f"are not 1 to {MOST_REPAIRS} names of records")
    return tuple(RecordKey(owner, key) for owner, key, _ in changes)


def _one_of(value: object, field: str, kind: type[Mode | Objection | Verification]) -> Any:
    known = {each.value: each for each in kind}
    if (word := text(value, field)) not in known:
        raise malformed(field, f"is unknown: {word!r:.40}")
    return known[word]


# ── planned failover ────────────────────────────────────────────────────────────────────────────────────────


def _read_quiesce(_headers: Headers, fields: Sequence[object]) -> Quiesce:
    operation, term, patience = fields
    return Quiesce(operation=_operation(operation), term=_term(term), patience=_seconds(patience, "patience"))


def _read_quiesced(_headers: Headers, fields: Sequence[object]) -> Quiesced:
    return Quiesced(operation=_operation(fields[0]), heads=_heads(fields[1]))


def _read_hand_over(_headers: Headers, fields: Sequence[object]) -> HandOver:
    operation, term, heads = fields
    return HandOver(operation=_operation(operation), term=_term(term), heads=_heads(heads))


def _read_handed_over(_headers: Headers, fields: Sequence[object]) -> HandedOver:
    operation, term, beginnings = fields
    return HandedOver(operation=_operation(operation), term=_term(term), beginnings=_beginnings(beginnings))


def _read_abort(_headers: Headers, fields: Sequence[object]) -> Abort:
    operation, term, reason = fields
    return Abort(operation=_operation(operation), term=_term(term), reason=text(reason, "reason"))


def _read_aborted(_headers: Headers, fields: Sequence[object]) -> Aborted:
    return Aborted(operation=_operation(fields[0]), reason=text(fields[1], "reason"))


def _read_objected(_headers: Headers, fields: Sequence[object]) -> Objected:
    operation, objection, reason = fields
    return Objected(
        operation=_operation(operation),
        objection=_one_of(objection, "objection", Objection),
        reason=text(reason, "reason"),
    )


def _read_verify_wanted(_headers: Headers, fields: Sequence[object]) -> VerifyWanted:
    return VerifyWanted(operation=_operation(fields[0]), term=_term(fields[1]))


def _read_verification_told(_headers: Headers, fields: Sequence[object]) -> VerificationTold:
    operation, verification, detail = fields
    return VerificationTold(
        operation=_operation(operation),
        verification=_one_of(verification, "verification", Verification),
        detail=text(detail, "detail"),
    )


# ── standing and repair ─────────────────────────────────────────────────────────────────────────────────────


def _read_wanted(_headers: Headers, fields: Sequence[object]) -> StandingWanted:
    return StandingWanted(ask=integer(fields[0], "ask"))


def _read_standing(_headers: Headers, fields: Sequence[object]) -> Standing:
    ask, term, serving_pool, mode, history = items(list(fields), "body", 5)
    return Standing(
        ask=integer(ask, "ask"),
        term=_term(term),
        serving_pool=PoolFqdn(pool_name(serving_pool, "serving_pool")),
        mode=_one_of(mode, "mode", Mode),
        history=_beginnings(history),
    )


def _read_repair_wanted(_headers: Headers, fields: Sequence[object]) -> RepairWanted:
    term, request, keys = fields
    return RepairWanted(term=_term(term), request=integer(request, "request"), keys=_keys(keys))


def _read_repaired(_headers: Headers, fields: Sequence[object]) -> Repaired:
    term, request, position, untouched = fields
    return Repaired(
        term=_term(term),
        request=integer(request, "request"),
        position=Position(integer(position, "position")),
        untouched=None if untouched is None else _untouched(untouched),
    )


def _pack_untouched(untouched: Sequence[Untouched] | None) -> bytes | None:
    return None if untouched is None else encode_changes([Change(*each) for each in untouched])


def _untouched(value: object) -> tuple[Untouched, ...]:
    """Read records and fingerprints, which are packed as changes."""
    field = "untouched"
    told = decode_changes(raw(value, field))
    if len(told) > MOST_REPAIRS:
        raise malformed(field, f"has more than {MOST_REPAIRS} records")
    return tuple(
        Untouched(owner, key, None if found is None else raw(found, field, FINGERPRINT_BYTES))
        for owner, key, found in told
    )


# ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────


def _form(kind: Kind, message: type[Any], fields: Any, field_count: int, read: Any) -> Form[Any]:
    return Form(
        kind=kind,
        message=message,
        headers=_no_headers,
        header_names=frozenset(),
        fields=fields,
        field_count=field_count,
        read=read,
    )


FAILOVER_FORMS: tuple[Form[Any], ...] = (
    _form(Kind.QUIESCE, Quiesce, lambda m: [m.operation, m.term, float(m.patience)], 3, _read_quiesce),
    _form(Kind.QUIESCED, Quiesced, lambda m: [m.operation, _pack_rows(m.heads)], 2, _read_quiesced),
    _form(Kind.HAND_OVER, HandOver, lambda m: [m.operation, m.term, _pack_rows(m.heads)], 3, _read_hand_over),
    _form(
        Kind.HANDED_OVER,
        HandedOver,
        lambda m: [m.operation, m.term, _pack_beginnings(m.beginnings)],
        3,
        _read_handed_over,
    ),
    _form(Kind.ABORT, Abort, lambda m: [m.operation, m.term, m.reason], 3, _read_abort),
    _form(Kind.ABORTED, Aborted, lambda m: [m.operation, m.reason], 2, _read_aborted),
    _form(Kind.OBJECTED, Objected, lambda m: [m.operation, m.objection.value, m.reason], 3, _read_objected),
    _form(Kind.VERIFY_WANTED, VerifyWanted, lambda m: [m.operation, m.term], 2, _read_verify_wanted),
    _form(
        Kind.VERIFICATION_TOLD,
        VerificationTold,
        lambda m: [m.operation, m.verification.value, m.detail],
        3,
        _read_verification_told,
    ),
    _form(Kind.STANDING_WANTED, StandingWanted, lambda m: [m.ask], 1, _read_wanted),
    _form(
        Kind.STANDING,
        Standing,
        lambda m: [m.ask, m.term, m.serving_pool, m.mode.value, _pack_beginnings(m.history)],
        5,
        _read_standing,
    ),
    _form(
        Kind.REPAIR_WANTED,
        RepairWanted,
        lambda m: [m.term, m.request, encode_changes([Change(owner, key, None) for owner, key in m.keys])],
        3,
        _read_repair_wanted,
    ),
    _form(
        Kind.REPAIRED,
        Repaired,
        lambda m: [m.term, m.request, m.position, _pack_untouched(m.untouched)],
        4,
        _read_repaired,
    ),
)
