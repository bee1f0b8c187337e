"""Many transactions in one body: a JSON object a line, or payloads of change sets one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from twinpool.errors import Invalid, TooLarge
from twinpool.vocabulary.change import Change
from twinpool.wire import ChangeStream
from twinpool_services.frontend.changes import changes_of_json
from twinpool_services.frontend.limits import Limits

NDJSON = "application/x-ndjson"
MSGPACK = "application/msgpack"

#: A transaction, or what is wrong with it; the stream goes on behind either.
Item = Sequence[Change] | Invalid


class TransactionStream(Protocol):
    """Takes a body in pieces. Raises `Invalid` where it cannot tell any more where a transaction begins."""

    def feed(self, piece: bytes) -> Iterator[Item]:
        """Yield what this piece completes."""

    def finish(self) -> Iterator[Item]:
        """Yield what the end of the body completes."""


class JsonLines:
    """A transaction a line. Holds no more than one line of at most the allowed length, and one piece."""

    def __init__(self, max_line_bytes: int) -> None:
        """Refuse longer lines."""
        self._max_line_bytes = max_line_bytes
        self._begun: list[bytes] = []  #: pieces of a line that is not complete
        self._begun_bytes = 0

    def feed(self, piece: bytes) -> Iterator[Item]:
        """Yield the lines that this piece completes."""
        first, *others = piece.split(b"\n")
        self._extend(first)
        for other in others:
            yield from self.finish()
            self._extend(other)

    def finish(self) -> Iterator[Item]:
        """Yield the line under way; an empty one is nothing."""
        line = b"".join(self._begun)
        self._begun, self._begun_bytes = [], 0
        if line.strip():
            yield _parsed(line)

    def _extend(self, part: bytes) -> None:
        self._begun.append(part)
        self._begun_bytes += len(part)
        if self._begun_bytes > self._max_line_bytes:
            raise TooLarge(f"a line holds {self._max_line_bytes} bytes at most")


class ChangeSets:
    """The form that the log keeps and the wire carries: arrays of owner, key, value or nil, owner, key and so on."""

    def __init__(self, *, max_changes: int, max_bytes: int) -> None:
        """Refuse larger transactions."""
        self._stream = ChangeStream(max_changes=max_changes, max_bytes=max_bytes)

    def feed(self, piece: bytes) -> Iterator[Item]:
        """Yield the transactions that this piece completes."""
        return self._stream.feed(piece)

    def finish(self) -> Iterator[Item]:
        """Make sure that the last one was whole."""
        self._stream.finish()
        return iter(())


def transaction_stream(media_type: str, limits: Limits) -> TransactionStream | None:
    """Return what reads a media type, None for one that we do not take."""
    match media_type.partition(";")[0].strip().lower():
        case "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/json":
            return JsonLines(limits.transaction_body_bytes)
        case "application/msgpack" | "application/x-msgpack" | "application/vnd.msgpack":
            return ChangeSets(max_changes=limits.transaction_changes, max_bytes=limits.transaction_bytes)
        case _:
            return None


def _parsed(line: bytes) -> Item:
    try:
        return changes_of_json(line)
    except Invalid as error:
        return error
