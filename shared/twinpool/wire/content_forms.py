"""How the messages about the content of files are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twinpool.protocol.content import (
    MAX_WANTED_BYTES,
    PART_BYTES,
    ContentAbsent,
    ContentMessage,
    ContentPart,
    ContentWanted,
)
from twinpool.vocabulary.names import Digest
from twinpool.wire.checks import hex_digest, integer, malformed, raw, text
from twinpool.wire.form import Form
from twinpool.wire.headers import Headers, Kind


def _no_headers(_message: ContentMessage) -> Headers:
    return {}


def _digest(value: object) -> Digest:
    return Digest(hex_digest(value, "content"))


def _read_wanted(_headers: Headers, fields: Sequence[object]) -> ContentWanted:
    digest, offset, length = fields
    wanted = ContentWanted(
        digest=_digest(digest), offset=integer(offset, "offset"), length=integer(length, "length", at_least=1)
    )
    if wanted.offset % PART_BYTES:
        raise malformed("offset", "is not where a part begins")
    if wanted.length > MAX_WANTED_BYTES:
        raise malformed("length", f"is more than {MAX_WANTED_BYTES} bytes")
    return wanted


def _read_part(_headers: Headers, fields: Sequence[object]) -> ContentPart:
    digest, offset, total, data = fields
    part = ContentPart(
        digest=_digest(digest),
        offset=integer(offset, "offset"),
        total=integer(total, "total"),
        data=raw(data, "data"),
    )
    if part.offset % PART_BYTES or len(part.data) > PART_BYTES:
        raise malformed("offset", "is not where a part begins, or the part is too long")
    if part.offset + len(part.data) > part.total:
        raise malformed("data", "goes beyond the end of the file")
    return part


def _read_absent(_headers: Headers, fields: Sequence[object]) -> ContentAbsent:
    return ContentAbsent(digest=_digest(fields[0]), reason=text(fields[1], "reason"))


CONTENT_FORMS: tuple[Form[Any], ...] = (
    Form(
        kind=Kind.CONTENT_WANTED,
        message=ContentWanted,
        headers=_no_headers,
        header_names=frozenset(),
        fields=lambda wanted: [wanted.digest, wanted.offset, wanted.length],
        field_count=3,
        read=_read_wanted,
    ),
    Form(
        kind=Kind.CONTENT_PART,
        message=ContentPart,
        headers=_no_headers,
        header_names=frozenset(),
        fields=lambda part: [part.digest, part.offset, part.total, part.data],
        field_count=4,
        read=_read_part,
        bulky=True,
    ),
    Form(
        kind=Kind.CONTENT_ABSENT,
        message=ContentAbsent,
        headers=_no_headers,
        header_names=frozenset(),
        fields=lambda absent: [absent.digest, absent.reason],
        field_count=2,
        read=_read_absent,
    ),
)
