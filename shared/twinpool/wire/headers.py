"""The headers of a letter: readable without decoding the body, and covered by the digest together with it."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgpack

from twinpool.errors import MalformedMessage
from twinpool.vocabulary.names import Generation, Home, ModuleName, PoolFqdn, Stream, Term
from twinpool.vocabulary.session import SessionId
from twinpool.wire.checks import MAX_INTEGER, hex_digest, integer, malformed, module_name, pool_name, text

Headers = dict[str, str | int]

#: All of our headers but the digest, in the order in which the digest covers them. Others may add their own.
NAMES = (
    "kind",  #: see `Kind`
    "source",  #: the pool that speaks
    "destination",  #: the pool that is spoken to
    "home",
    "module",
    "session",  #: term.generation.number
    "number",  #: of a batch, piece or acknowledgement
    "after",  #: position that a batch follows
    "last",  #: position that a batch ends with
    "changes",  #: how many changes or records are inside
    "oldest",  #: microseconds since 1970: commit time of the oldest change in a batch
    "encoding",  #: `zstd` or `identity`
    "size",  #: bytes of the body before it was compressed
    "traceparent",  #: W3C trace context
)
DIGEST = "digest"

_SESSION = re.compile(r"([1-9][0-9]{0,18})\.([1-9][0-9]{0,18})\.([1-9][0-9]{0,18})")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Kind(enum.StrEnum):
    """Which message it is."""

    OPEN = "open"
    OPENED = "opened"
    BATCH = "batch"
    PIECE = "piece"
    ACKNOWLEDGEMENT = "acknowledgement"
    REOPEN = "reopen"
    REFUSED = "refused"
    CONTENT_WANTED = "content-wanted"
    CONTENT_PART = "content-part"
    CONTENT_ABSENT = "content-absent"
    QUIESCE = "quiesce"
    QUIESCED = "quiesced"
    HAND_OVER = "hand-over"
    HANDED_OVER = "handed-over"
    ABORT = "abort"
    ABORTED = "aborted"
    OBJECTED = "objected"
    VERIFY_WANTED = "verify-wanted"
    VERIFICATION_TOLD = "verification-told"
    STANDING_WANTED = "standing-wanted"
    STANDING = "standing"
    REPAIR_WANTED = "repair-wanted"
    REPAIRED = "repaired"
    PIECE_WANTED = "piece-wanted"
    PIECE_READ = "piece-read"
    PARTS_WANTED = "parts-wanted"
    PARTS_READ = "parts-read"
    CONTENT_CHECK_WANTED = "content-check-wanted"
    CONTENT_CHECKED = "content-checked"
    HINDERED = "hindered"


_KINDS = {kind.value: kind for kind in Kind}


class Peeked(NamedTuple):
    """What can be told of a message without decoding it; not yet checked against the digest."""

    kind: Kind
    source: PoolFqdn
    destination: PoolFqdn
    stream: Stream
    session: SessionId | None  #: None for content, which belongs to no session
    number: int | None  #: of a batch, piece or acknowledgement


def seal(headers: Headers, body: bytes) -> Headers:
    """Return the headers with the digest over them and the body."""
    return {**headers, DIGEST: _digest_of(headers, body)}


def unseal(headers: Mapping[str, object], body: bytes) -> Headers:
    """Return those headers that are ours. Raises `MalformedMessage` if the digest does not fit them and the body."""
    ours: Headers = {}
    for name in NAMES:
        if (value := headers.get(name)) is not None:
            ours[name] = value if isinstance(value, str) else integer(value, name)
    try:
        expected = _digest_of(ours, body)
    except UnicodeEncodeError as error:
        raise MalformedMessage("a header is not valid text") from error
    if hex_digest(headers.get(DIGEST), DIGEST) != expected:
        raise malformed(DIGEST, "does not fit the message: it was damaged on its way")
    return ours


def peek_at(headers: Mapping[str, object]) -> Peeked:
    """Read the headers that tell what a message is. Raises `MalformedMessage`."""
    session, number = headers.get("session"), headers.get("number")
    return Peeked(
        kind_of(headers),
        PoolFqdn(pool_name(headers.get("source"), "source")),
        PoolFqdn(pool_name(headers.get("destination"), "destination")),
        stream_of(headers),
        None if session is None else session_of(session),
        None if number is None else integer(number, "number"),
    )


def kind_of(headers: Mapping[str, object]) -> Kind:
    """Return which message it is."""
    kind = _KINDS.get(name := text(headers.get("kind"), "kind"))
    if kind is None:
        raise malformed("kind", f"is unknown: {name!r:.40}")
    return kind


def stream_of(headers: Mapping[str, object]) -> Stream:
    """Return the stream that a message is about."""
    home = Home(pool_name(headers.get("home"), "home"))
    return Stream(home, ModuleName(module_name(headers.get("module"), "module")))


def session_of(value: object) -> SessionId:
    """Return the session that a header names."""
    match = _SESSION.fullmatch(text(value, "session"))
    if not match:
        raise malformed("session", "is no session")
    term, generation, number = map(int, match.groups())
    if max(term, generation, number) > MAX_INTEGER:
        raise malformed("session", "is out of range")
    return SessionId(Term(term), Generation(generation), number)


def traceparent_of(headers: Mapping[str, object]) -> str | None:
    """Return the trace that a message belongs to, None if it belongs to none."""
    if (value := headers.get("traceparent")) is None:
        return None
    if not _TRACEPARENT.fullmatch(traceparent := text(value, "traceparent")):
        raise malformed("traceparent", "is no W3C trace context")
    return traceparent


def _digest_of(headers: Headers, body: bytes) -> str:
    """BLAKE2b-256 of our headers in their order, each with its name, and of the body as it travels."""
    digest = hashlib.blake2b(
        msgpack.packb([(name, headers[name]) for name in NAMES if name in headers]), digest_size=32
    )
    digest.update(body)
    return digest.hexdigest()
