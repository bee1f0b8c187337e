"""The whole pool store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinpool.stores.sqlite.audit import SqliteAudits
from twinpool.stores.sqlite.examining import SqliteExamined
from twinpool.stores.sqlite.homes import SqliteHomes
from twinpool.stores.sqlite.leases import SqliteLeases
from twinpool.stores.sqlite.ledgers import SqliteLedgers, SqliteSyncRequests
from twinpool.stores.sqlite.log import SqliteLog
from twinpool.stores.sqlite.name_claim import FileNameClaim
from twinpool.stores.sqlite.operations import SqliteOperations
from twinpool.stores.sqlite.orphans import SqliteOrphans
from twinpool.stores.sqlite.records import SqliteRecords
from twinpool.stores.sqlite.staging import SqliteStaging
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.sqlite.terms import SqliteTerms
from twinpool.stores.sqlite.verification import SqliteVerifying
from twinpool.stores.sqlite.wakeups import Listener
from twinpool.stores.sqlite.writing import SqliteWriting
from twinpool.stores.standings_by_parts import StandingsByParts
from twinpool.vocabulary.names import FrontEndName

if TYPE_CHECKING:
    from pathlib import Path

    from twinpool.ports.store import Store
    from twinpool.vocabulary.names import PoolFqdn


class SqliteStore(
    SqliteWriting,
    SqliteRecords,
    SqliteHomes,
    SqliteLog,
    SqliteLedgers,
    SqliteStaging,
    SqliteLeases,
    SqliteSyncRequests,
    SqliteTerms,
    SqliteOrphans,
    SqliteOperations,
    SqliteVerifying,
    SqliteAudits,
    SqliteExamined,
    StandingsByParts,
):
    """A pool's store in one file, made or migrated when it is opened. Safe to use from many threads and processes.

    Beside the file lie SQLite's own `-wal` and `-shm`, the lock of migrations, the names that are claimed, and the
    socket by which processes wake each other. All front ends run on the file's host.
    """

    def claim_name(self, name: FrontEndName) -> FileNameClaim:
        """Claim a front end's name. Raises `NameTaken` if a living process has it."""
        return FileNameClaim(self._path, name)

    def wakeups(self) -> Listener:
        """Listen to commits of all processes of the pool; the newest listener counts."""
        return self._bell.listen()

    def check(self) -> None:
        """Make sure that the store can be read and written. Raises `StoreUnavailable` with the reason."""
        with self._connections.writing() as connection:
            connection.execute(SQL["check"])

    def close(self) -> None:
        """Stop what runs in the background and close all connections."""
        self._sweeper.close()
        self._bell.close()
        self._connections.close()


if TYPE_CHECKING:

    def _fulfils(path: Path, pool: PoolFqdn) -> Store:
        return SqliteStore(path, pool)


__all__ = ["SqliteStore"]
