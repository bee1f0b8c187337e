"""Makes the schema of a database ready before a store is opened on it."""

from __future__ import annotations

from twinpool.stores.migrations import VERSION_TABLE, is_current, migrate
from twinpool.stores.postgresql.connections import Connection, Connections
from twinpool.stores.postgresql.statements import SQL


def bring_up_to_date(url: str) -> None:
    """Make or migrate the schema if it is not the newest.

    Two cheap statements tell, for front ends start often. Raises `InvalidConfiguration` for a URL that cannot be
    read, and `StoreUnavailable`.
    """
    connections = Connections(url, application="twinpool migration")
    with connections.errors():
        with connections.dedicated() as connection:
            revision = _revision(connection)
        if not is_current("postgresql", revision):
            migrate("postgresql", connections.plain)


def _revision(connection: Connection) -> str | None:
    ((table,),) = connection.execute(SQL["version_table"], {"table": VERSION_TABLE}).fetchall()
    row = None if table is None else connection.execute(SQL["schema_version"]).fetchone()
    return None if row is None else row[0]


__all__ = ["bring_up_to_date"]
