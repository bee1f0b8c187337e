"""What a module has to offer, and the ordinary way to offer it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Protocol

from twinpool.ports.store import ChangeLog, Records
from twinpool.vocabulary.change import Change, ChangeSet, Record, RecordKey
from twinpool.vocabulary.names import Digest, Generation, ModuleName, Position, Stream
from twinpool.vocabulary.session import SessionId

FIRST_PAGE = 64  #: records; how many a walk reads before it knows how large they are


class Category(enum.StrEnum):
    """What kind of data a module holds, which decides who exports it to whom."""

    USER_DATA = "UserData"  #: of each pool, to its backup pool
    CMS = "CMS"  #: of the whole deployment, from the active CMS master to every pool

    @property
    def is_cms(self) -> bool:
        """Whether it belongs to the Central Management store."""
        return self is Category.CMS


class Applying(Protocol):
    """The store's way to apply changes: `Imports.apply`, or `Imports.stage_changes` for a snapshot under way."""

    def __call__(
        self,
        stream: Stream,
        changes: Sequence[Change],
        *,
        session: SessionId,
        after: Position,
        upto: Position,
        generation: Generation,
    ) -> None:
        """Apply changes and move on from `after` to `upto`, all or nothing."""


class Module(Protocol):
    """A unit of replicated data with an export and an import side.

    A module holds no state: one object of it serves all threads. It decides what belongs to it and how that is read,
    applied and walked; what is guaranteed about order and durability is the store's and the protocol's business.
    """

    @property
    def name(self) -> ModuleName:
        """The full name, such as `UserServices.PresenceFocus`."""

    @property
    def short_name(self) -> str:
        """The name that operators type, such as `PresenceFocus`."""

    @property
    def category(self) -> Category:
        """Who exports it to whom."""

    @property
    def names_content(self) -> bool:
        """Whether `attachments` ever names anything; content that no such module names is swept away."""

    def check(self, change: Change) -> None:
        """Make sure that a change belongs here, before it is written. Raises `InvalidRecord` with the field."""

    def attachments(self, change: Change) -> Iterable[Digest]:
        """Name the content that has to be at hand before this change may be applied."""

    def collect(
        self, log: ChangeLog, stream: Stream, *, after: Position, max_changes: int, max_bytes: int
    ) -> Sequence[ChangeSet]:
        """Read consecutive change sets after a position, for export; see `ChangeLog.collect`."""

    def walk(
        self, records: Records, stream: Stream, *, after: RecordKey | None, limit: int, max_bytes: int
    ) -> Sequence[Record]:
        """Read records in key order for a snapshot: at least one if there is any after `after`, else none."""

    def apply(
        self,
        apply: Applying,
        stream: Stream,
        changes: Sequence[Change],
        *,
        session: SessionId,
        after: Position,
        upto: Position,
        generation: Generation,
    ) -> None:
        """Apply imported changes by calling `apply` exactly once. Raises what it raises, or `ImportFailed`."""


class RecordModule:
    """A module whose records are stored and sent as they are; a plug-in need only say its name and `check`."""

    name: ModuleName
    short_name: str
    category = Category.USER_DATA
    names_content = False

    def check(self, change: Change) -> None:
        """Take everything."""

    def attachments(self, change: Change) -> Iterable[Digest]:  # noqa: ARG002 - for those that have some
        """Name nothing."""
        return ()

    def collect(
        self, log: ChangeLog, stream: Stream, *, after: Position, max_changes: int, max_bytes: int
    ) -> Sequence[ChangeSet]:
        """Read what the log holds."""
        return log.collect(stream, after=after, max_changes=max_changes, max_bytes=max_bytes)

    def walk(
        self, records: Records, stream: Stream, *, after: RecordKey | None, limit: int, max_bytes: int
    ) -> Sequence[Record]:
        """Read up to `limit` records of up to `max_bytes`, but at least one if there is any.

        Pages grow with what the records turn out to weigh, so that memory stays bounded where they are large.
        """
        walked: list[Record] = []
        weight, page = 0, FIRST_PAGE
        while weight < max_bytes and (wanted := min(page, limit - len(walked))) > 0:
            scanned = records.scan(stream, after=after, limit=wanted)
            for record in scanned:
                weight += weight_of(record)
                if walked and weight > max_bytes:
                    return walked
                walked.append(record)
            if len(scanned) < wanted:
                break
            after = RecordKey(*walked[-1][:2])
            page = max(1, (max_bytes - weight) * len(walked) // weight)
        return walked

    def apply(
        self,
        apply: Applying,
        stream: Stream,
        changes: Sequence[Change],
        *,
        session: SessionId,
        after: Position,
        upto: Position,
        generation: Generation,
    ) -> None:
        """Apply them as they are."""
        apply(stream, changes, session=session, after=after, upto=upto, generation=generation)


def weight_of(record: Record) -> int:
    """Tell about how many bytes a record takes on its way."""
    return len(record.owner) + len(record.key) + len(record.value) + 8
