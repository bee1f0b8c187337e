"""What failover keeps in the pool store: operations, engagements, wishes to abort, standings, heads that were heard.

Each is a document under a name (`ports.terms.Operations`). A document that cannot be read is an error of whoever
wrote it, and is told as `StoreUnavailable`: nothing is decided on what is not understood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from twinpool.errors import StoreUnavailable
from twinpool.failover.documents import (
    engagement_document,
    kind_of,
    operation_document,
    read_engagement,
    read_operation,
)
from twinpool.failover.operation import Engagement, Operation, OperationId
from twinpool.ports.terms import Operations
from twinpool.vocabulary.names import Generation, Home, Instant, ModuleName, Position

STANDING = "standing"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """What the active front end has found out about the homes, for all front ends of its pool."""

    generation: Generation
    doubts: Mapping[Home, str]  #: why a home takes no writes here; homes of which nothing is in doubt are left out
    unsettled: tuple[Home, ...]  #: homes about which the partner has neither answered nor been waited for long enough


@dataclass(frozen=True, slots=True)
class HeardHead:
    """The newest position that the serving pool has told of, and when anything was last heard about the module."""

    head: Position
    at: Instant


class Papers:
    """Reads and writes them. Every method may raise `StoreUnavailable`; those with a generation `LeaseLost`."""

    def __init__(self, store: Operations) -> None:
        """Keep them in a pool store."""
        self._store = store

    # ── operations at their target ──────────────────────────────────────────────────────────────────────────

    def save_operation(self, operation: Operation, *, generation: Generation | None) -> None:
        """Keep an operation."""
        self._store.save_operation(f"failover/{operation.id}", operation_document(operation), generation=generation)

    def newest_of(self, home: Home) -> OperationId | None:
        """Name the operation that was asked for last."""
        name = self._store.operation(f"failover-of/{home}")
        return None if name is None else OperationId(name.decode())

    def point_to(self, operation: Operation) -> None:
        """Let an operation be the newest of its home; the active front end takes it up."""
        self._store.save_operation(f"failover-of/{operation.home}", operation.id.encode(), generation=None)

    def operation(self, identity: str) -> Operation | None:
        """Return an operation."""
        document = self._store.operation(f"failover/{identity}")
        return None if document is None else _understood(document, read_operation)

    def operations(self) -> list[Operation]:
        """Return all operations, in no order."""
        return [_understood(document, read_operation) for document in self._documents("operation")]

    def wish_abort(self, identity: OperationId, reason: str) -> None:
        """Note that an operator wants it aborted."""
        self._store.save_operation(f"failover-abort/{identity}", reason.encode(), generation=None)

    def abort_wished(self, identity: OperationId) -> str | None:
        """Return why an operator wants it aborted, None if nobody does."""
        reason = self._store.operation(f"failover-abort/{identity}")
        return None if reason is None else reason.decode()

    # ── at the source ───────────────────────────────────────────────────────────────────────────────────────

    def keep_engagement(self, engagement: Engagement, *, generation: Generation) -> None:
        """Keep how we stand to another pool's operation."""
        name = f"at-source/{engagement.operation}"
        self._store.save_operation(name, engagement_document(engagement), generation=generation)

    def engagements(self, home: Home) -> list[Engagement]:
        """Return all engagements of a home, oldest first."""
        kept = [_understood(document, read_engagement) for document in self._documents("engagement")]
        return sorted((each for each in kept if each.home == home), key=lambda each: each.since)

    # ── standings ───────────────────────────────────────────────────────────────────────────────────────────

    def publish(self, standings: Standings) -> None:
        """Tell all front ends of this pool."""
        plain = {
            "generation": standings.generation,
            "doubts": dict(standings.doubts),
            "unsettled": list(standings.unsettled),
        }
        document = json.dumps(plain, ensure_ascii=False).encode()
        self._store.save_operation(STANDING, document, generation=standings.generation)

    def standings(self) -> Standings | None:
        """Return what was told last."""
        document = self._store.operation(STANDING)
        return None if document is None else _understood(document, _read_standings)

    # ── heads ───────────────────────────────────────────────────────────────────────────────────────────────

    def note_heard(self, home: Home, heard: Mapping[ModuleName, HeardHead], *, generation: Generation) -> None:
        """Remember how far the serving pool has come by its own word."""
        plain = {module: [each.head, each.at] for module, each in heard.items()}
        self._store.save_operation(f"heard/{home}", json.dumps(plain).encode(), generation=generation)

    def heard(self, home: Home) -> dict[ModuleName, HeardHead]:
        """Return what was noted."""
        document = self._store.operation(f"heard/{home}")
        return {} if document is None else _understood(document, _read_heard)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def _documents(self, kind: str) -> Iterator[bytes]:
        return (document for _, document in self._store.operations() if kind_of(document) == kind)


def _understood(document: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreUnavailable(f"a document of a failover cannot be understood: {error}") from error


def _read_standings(document: bytes) -> Standings:
    given = json.loads(document)
    return Standings(
        generation=Generation(given["generation"]),
        doubts={Home(home): str(doubt) for home, doubt in given["doubts"].items()},
        unsettled=tuple(Home(home) for home in given["unsettled"]),
    )


def _read_heard(document: bytes) -> dict[ModuleName, HeardHead]:
    given = json.loads(document)
    return {ModuleName(module): HeardHead(Position(head), Instant(at)) for module, (head, at) in given.items()}
