"""The whole pool store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinpool.stores.postgresql.audit import PostgresqlAudits
from twinpool.stores.postgresql.examining import PostgresqlExamined
from twinpool.stores.postgresql.homes import PostgresqlHomes
from twinpool.stores.postgresql.leases import PostgresqlLeases
from twinpool.stores.postgresql.ledgers import PostgresqlLedgers, PostgresqlSyncRequests
from twinpool.stores.postgresql.log import PostgresqlLog
from twinpool.stores.postgresql.name_claim import SessionNameClaim
from twinpool.stores.postgresql.operations import PostgresqlOperations
from twinpool.stores.postgresql.orphans import PostgresqlOrphans
from twinpool.stores.postgresql.records import PostgresqlRecords
from twinpool.stores.postgresql.staging import PostgresqlStaging
from twinpool.stores.postgresql.standings import PostgresqlStandings
from twinpool.stores.postgresql.terms import PostgresqlTerms
from twinpool.stores.postgresql.verification import PostgresqlVerifying
from twinpool.stores.postgresql.wakeups import Listener
from twinpool.stores.postgresql.writing import PostgresqlWriting
from twinpool.stores.text import check_text
from twinpool.vocabulary.names import FrontEndName, Instant

if TYPE_CHECKING:
    from twinpool.ports.store import Store
    from twinpool.vocabulary.names import PoolFqdn


class PostgresqlStore(
    PostgresqlWriting,
    PostgresqlRecords,
    PostgresqlHomes,
    PostgresqlStandings,
    PostgresqlLog,
    PostgresqlLedgers,
    PostgresqlStaging,
    PostgresqlLeases,
    PostgresqlSyncRequests,
    PostgresqlTerms,
    PostgresqlOrphans,
    PostgresqlOperations,
    PostgresqlVerifying,
    PostgresqlAudits,
    PostgresqlExamined,
):
    """A pool's store in one PostgreSQL database of its own, already migrated. Safe to use from many threads.

    `url` is what libpq takes: a URL or key=value pairs, several hosts included. Nothing is connected before the
    first call.
    """

    def now(self) -> Instant:
        """Return the time by the server's clock."""
        ((now,),) = self._rows("now")
        return Instant(now)

    def claim_name(self, name: FrontEndName) -> SessionNameClaim:
        """Claim a front end's name. Raises `NameTaken` if a living process has it."""
        check_text(name)
        return SessionNameClaim(self._connections, name)

    def wakeups(self) -> Listener:
        """Listen to commits of all processes of the pool."""
        return self._notifier.listen()

    def check(self) -> None:
        """Make sure that the store can be read and written. Raises `StoreUnavailable` with the reason."""
        self._row("check")

    def close(self) -> None:
        """Stop what runs in the background and close all connections."""
        self._sweeper.close()
        self._notifier.close()
        self._connections.close()


if TYPE_CHECKING:

    def _fulfils(url: str, pool: PoolFqdn) -> Store:
        return PostgresqlStore(url, pool)


__all__ = ["PostgresqlStore"]
