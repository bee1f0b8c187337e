"""A message with its addressing: as a letter for the broker, and back from a delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from twinpool.brokers.topology import CONTROL, routing_key
from twinpool.errors import MalformedMessage, UntrustedMessage
from twinpool.ports.broker import Delivery, Letter
from twinpool.vocabulary.names import PoolFqdn, Stream
from twinpool.wire.checks import integer, items, malformed, pool_name, text
from twinpool.wire.compression import MAX_BODY_BYTES, compress, decompress
from twinpool.wire.form import Form, Message, pack, unpack
from twinpool.wire.headers import NAMES, Headers, Peeked, kind_of, peek_at, seal, stream_of, traceparent_of, unseal
from twinpool.wire.kinds import FORM_OF_KIND, FORM_OF_MESSAGE
from twinpool.wire.vouching import UNVOUCHED, Vouching

VERSION = 1
CONTENT_TYPE = f"application/vnd.twinpool.v{VERSION}+msgpack"

_ANY_VERSION = re.compile(r"application/vnd\.twinpool\.v([0-9]{1,9})\+msgpack")
_COMMON = frozenset({"kind", "source", "destination", "home", "module", "encoding", "size"})
_OPTIONAL = frozenset({"traceparent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message, who says it to whom, and which stream it is about."""

    source: PoolFqdn
    destination: PoolFqdn
    stream: Stream
    message: Message
    traceparent: str | None = None  #: W3C trace context that the message belongs to


def encode(envelope: Envelope, vouching: Vouching = UNVOUCHED) -> Letter:
    """Make a letter, signed if we have a key. Raises `MalformedMessage` or `InvalidRecord` for what cannot be sent."""
    form = FORM_OF_MESSAGE[type(envelope.message)]
    plain = pack(form.fields(envelope.message))
    if len(plain) > MAX_BODY_BYTES:
        raise malformed("size", f"of the body is {len(plain)} bytes, {MAX_BODY_BYTES} are allowed")
    encoding, body = compress(plain)
    headers: Headers = {
        "kind": form.kind.value,
        "source": envelope.source,
        "destination": envelope.destination,
        "home": envelope.stream.home,
        "module": envelope.stream.module,
        "encoding": encoding,
        "size": len(plain),
        **form.headers(envelope.message),
    }
    if envelope.traceparent is not None:
        headers["traceparent"] = envelope.traceparent
    return Letter(
        routing_key=routing_key(envelope.destination, envelope.stream.module if form.bulky else CONTROL),
        content_type=CONTENT_TYPE,
        headers=vouching.sign(seal(headers, body), CONTENT_TYPE),
        body=body,
    )


def decode(delivery: Delivery, vouching: Vouching = UNVOUCHED) -> Envelope:
    """Read a delivery. Raises `MalformedMessage`, and nothing else, whatever it holds.

    It is an `UntrustedMessage` if the pool that it names signs what it says, and has not said this.
    """
    _check_version(delivery.content_type)
    headers = _unsealed(delivery, vouching)
    form = _form_of(headers)
    body = decompress(text(headers["encoding"], "encoding"), delivery.body, integer(headers["size"], "size"))
    fields = items(unpack(body), "body", form.field_count)
    return Envelope(
        source=PoolFqdn(pool_name(headers["source"], "source")),
        destination=PoolFqdn(pool_name(headers["destination"], "destination")),
        stream=stream_of(headers),
        message=form.read(headers, fields),
        traceparent=traceparent_of(headers),
    )


def peek(delivery: Delivery) -> Peeked:
    """Tell what a delivery is from its headers alone, so that stale ones are dropped before they are decoded.

    Nothing has been checked against the digest yet. Raises `MalformedMessage`.
    """
    _check_version(delivery.content_type)
    return peek_at(delivery.headers)


def _check_version(content_type: str) -> None:
    if content_type == CONTENT_TYPE:
        return
    if match := _ANY_VERSION.fullmatch(content_type):
        reason = f"version {match[1]} of the message format is unknown here; this pool speaks version {VERSION}"
        raise MalformedMessage(reason, field="content_type")
    raise MalformedMessage(f"{content_type!r:.80} is no content type of ours", field="content_type")


def _unsealed(delivery: Delivery, vouching: Vouching) -> Headers:
    """Return our headers once it is sure that the speaker wrote them, and the body: nothing is read before."""
    speaker = PoolFqdn(pool_name(delivery.headers.get("source"), "source"))
    vouching.check(speaker, delivery.headers, delivery.content_type)
    try:
        return unseal(delivery.headers, delivery.body)
    except MalformedMessage as error:
        if vouching.demands(speaker):
            raise UntrustedMessage(f"was altered: {error}", speaker=speaker, field=error.field) from error
        raise


def _form_of(headers: Headers) -> Form[Any]:
    """Find the form, and make sure that exactly its headers are there."""
    form = FORM_OF_KIND[kind_of(headers)]
    required = _COMMON | form.header_names
    for name in NAMES:
        if name in required and name not in headers:
            raise malformed(name, f"is missing in a message of kind {form.kind}")
        if name in headers and name not in required | form.optional | _OPTIONAL:
            raise malformed(name, f"has no place in a message of kind {form.kind}")
    return form
