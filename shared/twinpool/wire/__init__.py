"""How things look on the wire and in the log; the only package that knows msgpack and zstandard.

- `changes`: the payload of a change set, encoded once by the writer and opaque until it is applied.
- `change_stream`: payloads of change sets that follow each other, read while they come in.
- `envelope`: a message with its addressing, as a letter for the broker and back; `peek` reads the headers alone.
- `kinds`, `form`, and the `forms` of streams, content, failover and verification: how each kind is written.
- `vouching`: signing what our pool says, and making sure of what others say.
- `headers`, `columns`, `compression`, `checks`: what these are made of.

Whatever bytes and headers come in, decoding raises `MalformedMessage` or returns what was encoded.
"""

from twinpool.wire.change_stream import ChangeStream
from twinpool.wire.changes import MAX_CHANGE_SET_BYTES, decode_all, decode_changes, encode_changes
from twinpool.wire.compression import MAX_BODY_BYTES
from twinpool.wire.envelope import CONTENT_TYPE, Envelope, decode, encode, peek
from twinpool.wire.form import Message
from twinpool.wire.headers import Kind, Peeked
from twinpool.wire.vouching import UNVOUCHED, Vouching

__all__ = [
    "Envelope",
    "Kind",
    "Message",
    "Peeked",
    "Vouching",
    "UNVOUCHED",
    "encode",
    "decode",
    "peek",
    "encode_changes",
    "decode_changes",
    "decode_all",
    "ChangeStream",
    "CONTENT_TYPE",
    "MAX_BODY_BYTES",
    "MAX_CHANGE_SET_BYTES",
]
