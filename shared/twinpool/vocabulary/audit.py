"""The audit log: who did what, from where, with what result; each entry's hash covers the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from twinpool.vocabulary.names import Instant

GENESIS = bytes(32)  #: what the first entry follows


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What is to be noted."""

    at: Instant
    front_end: str
    principal: str  #: empty if nobody knows
    address: str  #: of the client
    action: str  #: the operation, by the name that the API's description has; empty if it came to none
    target: str  #: method and path
    status: int  #: of the answer
    detail: str  #: what was asked for, or why it was refused


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry as the store keeps it."""

    number: int  #: from 1 on, without a gap
    body: bytes  #: JSON: the event and the number
    hash: bytes  #: SHA-256 of the hash before it and the body


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where the log ends, as is noted beside it, so that one that was cut short is known for that."""

    number: int
    hash: bytes


EMPTY = AuditHead(0, GENESIS)


@dataclass(frozen=True, slots=True)
class AuditFault:
    """Where the log is not what was written."""

    number: int
    what: str


def seal(event: AuditEvent, after: AuditHead) -> AuditEntry:
    """Make the entry that follows the end of a log."""
    number = after.number + 1
    # ASCII, so that whatever stood in a request can be kept: lone surrogates too.
    body = json.dumps({"number": number, **asdict(event)}, sort_keys=True, separators=(",", ":")).encode("ascii")
    return AuditEntry(number, body, hash_of(after.hash, body))


def hash_of(before: bytes, body: bytes) -> bytes:
    """Return the hash of an entry that follows another."""
    return hashlib.sha256(before + body).digest()


def event_of(entry: AuditEntry) -> Mapping[str, object]:
    """Return what an entry says; nothing if it is no JSON any more."""
    try:
        found = json.loads(entry.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class AuditCheck:
    """Goes through a log from its beginning, entry by entry."""

    def __init__(self) -> None:
        """Begin before the first entry."""
        self.end = EMPTY

    def take(self, entries: Iterable[AuditEntry]) -> AuditFault | None:
        """Check the next entries; return the first fault, and go no further."""
        for entry in entries:
            if (fault := self._fault(entry)) is not None:
                return fault
            self.end = AuditHead(entry.number, entry.hash)
        return None

    def finish(self, head: AuditHead) -> AuditFault | None:
        """Compare the end of what was taken with the one that was noted."""
        if self.end.number < head.number:
            return AuditFault(self.end.number + 1, f"entries {self.end.number + 1} to {head.number} have been removed")
        if self.end.number > head.number:
            return AuditFault(head.number + 1, f"entry {head.number + 1} was added behind the end")
        if self.end.hash != head.hash:
            return AuditFault(head.number, f"entry {head.number} is not the one that was written last")
        return None

    def _fault(self, entry: AuditEntry) -> AuditFault | None:
        expected = self.end.number + 1
        if entry.number > expected:
            gone = f"entry {expected} has" if entry.number == expected + 1 else f"entries from {expected} on have"
            return AuditFault(expected, f"{gone} been removed before entry {entry.number}")
        if entry.hash != hash_of(self.end.hash, entry.body):
            before = f"; or entry {self.end.number} was replaced" if self.end.number else ""
            return AuditFault(entry.number, f"entry {entry.number} was altered, or inserted{before}")
        if event_of(entry).get("number") != entry.number or entry.number < expected:
            return AuditFault(entry.number, f"entry {entry.number} stands where another stood")
        return None
