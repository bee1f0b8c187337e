"""Messages of every kind, for the tests beside this."""

from __future__ import annotations

from hypothesis import strategies as st

from twinpool.failover.messages import (
    Abort,
    Aborted,
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
from twinpool.failover.operation import OperationId, Verification
from twinpool.ports.broker import Delivery, Letter
from twinpool.protocol.content import MAX_WANTED_BYTES, PART_BYTES, ContentAbsent, ContentPart, ContentWanted
from twinpool.protocol.messages import (
    Acknowledgement,
    Batch,
    Open,
    Opened,
    Piece,
    Refusal,
    Refused,
    Reopen,
    digest_of_change_sets,
    digest_of_records,
)
from twinpool.verification.digests import SHA_256, DigestMethod, KeyRange, RangeDigest
from twinpool.verification.messages import (
    ContentChecked,
    ContentCheckWanted,
    Hindered,
    Hindrance,
    PartsRead,
    PartsWanted,
    PieceRead,
    PieceWanted,
)
from twinpool.vocabulary.change import Change, ChangeSet, Record, RecordKey
from twinpool.vocabulary.home import Mode, TermBeginning
from twinpool.vocabulary.names import (
    Digest,
    Generation,
    Home,
    Instant,
    ModuleName,
    PoolFqdn,
    Position,
    Stream,
    Term,
)
from twinpool.vocabulary.orphan import Untouched, fingerprint
from twinpool.vocabulary.session import Cursor, SessionId, Staging
from twinpool.wire import Envelope, Message, encode_changes

POOL1, POOL2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
STREAM = Stream(Home(POOL1), ModuleName("UserServices.PresenceFocus"))
SESSION = SessionId(Term(3), Generation(14), 15)
CONTENT = Digest("0f" * 32)
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def change_set(position: int, *changes: Change) -> ChangeSet:
    return ChangeSet(Position(position), Instant(1.7e9 + position / 8), len(changes), encode_changes(changes))


def batch(*change_sets: ChangeSet, after: int = 0) -> Batch:
    last = change_sets[-1].position if change_sets else Position(after)
    return Batch(
        session=SESSION,
        number=7,
        after=Position(after),
        last=last,
        head=Position(last + 5),
        staged=False,
        change_sets=change_sets,
        digest=digest_of_change_sets(change_sets),
    )


def piece(*records: Record, walked_from: RecordKey | None = None, settles_at: int | None = None) -> Piece:
    return Piece(
        session=SESSION,
        number=2,
        begins=walked_from is None,
        position=Position(40),
        walked_from=walked_from,
        walked_to=RecordKey(*records[-1][:2]) if records else walked_from,
        settles_at=None if settles_at is None else Position(settles_at),
        records=records,
        digest=digest_of_records(records),
    )


A_BATCH = batch(
    change_set(11, Change("ada", "contacts/1", b"\x00\xff"), Change("ada", "presence", None)),
    change_set(13, Change("bob", "settings/ü", b"")),
    after=10,
)
CANARY = batch(after=10)

STREAM_MESSAGES: list[Message] = [
    Open(session=SESSION, oldest=Position(0), head=Position(99)),
    Opened(session=SESSION, cursor=None, staging=None),
    Opened(
        session=SESSION,
        cursor=Cursor(Term(2), Position(8)),
        staging=Staging(position=Position(9), walked_to=RecordKey("a", "b"), settles_at=Position(12)),
    ),
    Opened(session=SESSION, cursor=None, staging=Staging(position=Position(9), walked_to=None, settles_at=None)),
    A_BATCH,
    CANARY,
    piece(Record("ada", "a", b"1"), Record("ada", "b", b"")),
    piece(walked_from=RecordKey("ada", "b"), settles_at=44),
    Acknowledgement(
        session=SESSION,
        number=7,
        cursor=Cursor(Term(3), Position(13)),
        digest=A_BATCH.digest,
        imported_at=Instant(1.75e9),
    ),
    Acknowledgement(session=SESSION, number=0, cursor=None, digest=b"", imported_at=Instant(1.75e9)),
    Reopen(session=SESSION, reason="number 3 is missing before 5"),
    Refused(session=SESSION, refusal=Refusal.HIGHER_TERM, reason="moved on", term=Term(4)),
    Refused(session=SESSION, refusal=Refusal.NEWER_SESSION, reason="old", noted=SessionId(Term(3), Generation(20), 1)),
    Refused(session=SESSION, refusal=Refusal.IMPORT_FAILED, reason="disk full"),
]
CONTENT_MESSAGES: list[Message] = [
    ContentWanted(digest=CONTENT, offset=PART_BYTES, length=MAX_WANTED_BYTES),
    ContentPart(digest=CONTENT, offset=0, total=5, data=b"hello"),
    ContentAbsent(digest=CONTENT, reason="not here"),
]
OPERATION = OperationId("pool1.lab/2026-11-23/1")
HEADS = ((ModuleName("ConfServices.DataConf"), Position(0)), (STREAM.module, Position(2**62)))
BEGUN = TermBeginning(
    home=STREAM.home, module=STREAM.module, term=Term(4), serving_pool=POOL2, position=Position(2**62)
)
FAILOVER_MESSAGES: list[Message] = [
    Quiesce(operation=OPERATION, term=Term(4), patience=20.0),
    Quiesced(operation=OPERATION, heads=()),
    Quiesced(operation=OPERATION, heads=HEADS),
    HandOver(operation=OPERATION, term=Term(4), heads=HEADS),
    HandedOver(operation=OPERATION, term=Term(4), beginnings=(BEGUN,)),
    Abort(operation=OPERATION, term=Term(4), reason="not drained"),
    Aborted(operation=OPERATION, reason=""),
    Objected(operation=OPERATION, objection=Objection.HEADS_MOVED, reason="1 != 2"),
    VerifyWanted(operation=OPERATION, term=Term(3)),
    VerificationTold(operation=OPERATION, verification=Verification.FAILED, detail="two records differ"),
    StandingWanted(ask=0),
    Standing(ask=7, term=Term(4), serving_pool=POOL2, mode=Mode.READ_ONLY, history=(BEGUN, BEGUN)),
    Standing(ask=0, term=Term(1), serving_pool=POOL1, mode=Mode.READ_WRITE, history=()),
    RepairWanted(term=Term(4), request=2**40, keys=(RecordKey("ada", "b c\n"), RecordKey("ü", ""))),
    Repaired(term=Term(4), request=2**40, position=Position(9)),
    Repaired(term=Term(4), request=1, position=Position(9), untouched=()),
    Repaired(
        term=Term(4),
        request=1,
        position=Position(9),
        untouched=(Untouched("ada", "b c\n", fingerprint(b"")), Untouched("ü", "", None)),
    ),
]
ADA, UE = RecordKey("ada", "b c\n"), RecordKey("ü", "")
VERIFICATION = "2026-11-23T12:00:00Z/1"
VERIFICATION_MESSAGES: list[Message] = [
    PieceWanted(
        verification=VERIFICATION,
        step=0,
        within=KeyRange(None, UE),
        limit=20_000,
        methods=(DigestMethod("quick"), SHA_256),
    ),
    PieceRead(
        verification=VERIFICATION, step=1, piece=0, cursor=None, upto=None, total=RangeDigest(0, 0), method=SHA_256
    ),
    PieceRead(
        verification=VERIFICATION,
        step=1,
        piece=2**62,
        cursor=Cursor(Term(2), Position(9)),
        upto=ADA,
        total=RangeDigest(7, -(2**63)),
        method=DigestMethod("postgresql-row-hash-00"),
    ),
    PartsWanted(
        verification=VERIFICATION,
        step=2,
        piece=1,
        within=KeyRange(ADA, None),
        excluded=(ADA,),
        boundaries=(ADA, UE),
        each=False,
    ),
    PartsRead(verification=VERIFICATION, step=2, parts=(RangeDigest(1, 2), RangeDigest(0, -1)), records=()),
    PartsRead(verification=VERIFICATION, step=3, parts=(), records=((ADA, 2**63 - 1), (UE, -5))),
    ContentCheckWanted(verification=VERIFICATION, step=4, within=KeyRange(ADA, UE), remove=(CONTENT, CONTENT)),
    ContentChecked(verification=VERIFICATION, step=4, upto=None, files=3, damaged=((ADA, CONTENT),)),
    Hindered(verification=VERIFICATION, step=4, hindrance=Hindrance.SERVES, reason="it serves"),
]
MESSAGES = STREAM_MESSAGES + CONTENT_MESSAGES + FAILOVER_MESSAGES + VERIFICATION_MESSAGES

messages = st.sampled_from(MESSAGES)


def envelope(message: Message, traceparent: str | None = TRACEPARENT) -> Envelope:
    return Envelope(source=POOL1, destination=POOL2, stream=STREAM, message=message, traceparent=traceparent)


def delivery(letter: Letter, **changed: object) -> Delivery:
    """What comes out at the other end, but for what was changed on the way."""
    parts: dict[str, object] = {"content_type": letter.content_type, "headers": letter.headers, "body": letter.body}
    return delivered(**{**parts, **changed})


def delivered(*, content_type: object, headers: object, body: object) -> Delivery:
    assert isinstance(content_type, str)
    assert isinstance(headers, dict)
    assert isinstance(body, bytes)
    return Delivery(
        queue="to.pool2.lab.control",
        content_type=content_type,
        headers=headers,
        body=body,
        tag=1,
        epoch=1,
        redelivered=False,
    )
