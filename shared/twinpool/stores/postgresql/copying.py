"""A throw-away copy of a store, of one moment, in a database of its own beside that of the pool.

Another database shares neither advisory locks nor notifications with the pool's, so nothing that is done to the copy is
felt there. Two things are shared, and kept short: the oldest snapshot, for as long as the copy is being read, and the
transaction ids, by which exporters judge gaps in the log; so the copy is written in many small transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from secrets import token_hex

from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from twinpool.errors import Refused
from twinpool.stores.migrations import VERSION_TABLE
from twinpool.stores.postgresql.connections import Connection, Connections
from twinpool.stores.postgresql.schema import bring_up_to_date
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.store import PostgresqlStore
from twinpool.stores.throw_away import CopyInUse
from twinpool.vocabulary.names import PoolFqdn

APPLICATION = "twinpool drill"
PIECE = 4 * 1024 * 1024  #: bytes of rows that are written in one transaction
LONGEST_NAME = 40  #: characters of the pool's database in the name of a copy, of 63 that there may be

#: A copy lasts as long as it takes; what bounds requests would end it in the middle.
_UNBOUNDED = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")


class MayNotCopy(Refused):
    """The pool's user of the server may not make databases."""

    hint = "Let it: ALTER ROLE name CREATEDB."


@contextmanager
def throw_away_copy(url: str, pool: PoolFqdn) -> Iterator[PostgresqlStore]:
    """Lend a copy of the store in a database; it is gone afterwards, and so are those that a crash has left.

    The database itself is only read. Raises `CopyInUse`, `MayNotCopy` and `StoreUnavailable`.
    """
    connections = Connections(url, application=APPLICATION)
    with connections.errors(), closing(connections.dedicated()) as keeper:
        _lock(keeper, pool)
        _drop_leftovers(keeper)
        name = _create(keeper)
        try:
            copied = make_conninfo(url, dbname=name)
            _fill(connections, copied)
            with closing(PostgresqlStore(copied, pool)) as store:
                yield store
        finally:
            _drop(keeper, name)


def _lock(keeper: Connection, pool: PoolFqdn) -> None:
    """Keep others from taking our copy for a leftover; the server lets go when our session ends."""
    ((locked,),) = keeper.execute(SQL["try_copy_lock"]).fetchall()
    if not locked:
        raise CopyInUse(f"a copy of the store of {pool} is in use")


def _drop_leftovers(keeper: Connection) -> None:
    for (name,) in keeper.execute(SQL["copies_of_this_database"]).fetchall():
        _drop(keeper, name)


def _create(keeper: Connection) -> str:
    """Make an empty database that says whose copy it is, so that nobody else's is ever dropped for a leftover."""
    ((origin,),) = keeper.execute(SQL["this_database"]).fetchall()
    name = f"{origin[:LONGEST_NAME]}_drill_{token_hex(6)}"
    try:
        keeper.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
    except errors.InsufficientPrivilege as error:
        raise MayNotCopy("the pool's user of PostgreSQL may not make a database for the copy") from error
    told = sql.Literal(f"twinpool drill of {origin}")
    keeper.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), told))
    return name


def _drop(keeper: Connection, name: str) -> None:
    keeper.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _fill(connections: Connections, copied: str) -> None:
    """Make the schema of the copy, and give it every row and every sequence."""
    bring_up_to_date(copied)
    target = Connections(copied, application=APPLICATION)
    with closing(connections.dedicated()) as source, closing(target.dedicated()) as to:
        for connection in (source, to):
            for setting in _UNBOUNDED:
                connection.execute(SQL["unbound_setting"], {"setting": setting})
        to.execute("SET synchronous_commit = off")  # nothing of it has to survive a crash
        source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for (table,) in to.execute(SQL["tables_to_copy"], {"version_table": VERSION_TABLE}).fetchall():
            _copy_table(source, to, table)
        # After the rows: a number that was drawn meanwhile is only skipped.
        for sequence, last in source.execute(SQL["sequences"]).fetchall():
            to.execute(sql.SQL("CREATE SEQUENCE IF NOT EXISTS {}").format(sql.Identifier(sequence)))
            if last is not None:
                to.execute(SQL["set_sequence"], {"sequence": sequence, "last": last})
        source.execute("COMMIT")


def _copy_table(source: Connection, to: Connection, table: str) -> None:
    reading = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    writing = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    to.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))  # of rows that a new schema begins with
    with closing(source.cursor()) as reader, reader.copy(reading) as rows:
        for piece in _pieces(bytes(row) for row in rows):
            with closing(to.cursor()) as writer, writer.copy(writing) as into:
                into.write(piece)


def _pieces(rows: Iterator[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for row in rows:
        piece += row
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


__all__ = ["MayNotCopy", "throw_away_copy"]
