"""Brings the schema of a store up to date: Alembic runs plain SQL files, `sql/<dialect>/migrations/NNNN_name.sql`.

The file name without its ending is the revision, and each follows the one numbered before it. So the schema *is* what
the files say in order, and there is no second description that could differ.

All that is missing runs in one transaction, which begins by taking the dialect's lock. Of two processes that open a
new store at once, the second waits and then finds nothing left to do; one that is killed leaves nothing behind.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from twinpool.errors import StoreUnavailable
from twinpool.stores.queries import Dialect, directory

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from sqlalchemy import Connection

VERSION_TABLE = "schema_version"  #: holds one row, one column: the revision

_NAME = re.compile(r"(\d{4}_[a-z0-9_]+)\.sql")

#: Begins the migrating transaction, and lets only one of them run.
_FIRST_STATEMENT: dict[Dialect, str] = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7306370211)",
}

_DRIVER: dict[Dialect, str] = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema."""

    revision: str
    script: str  #: statements, each ending in a semicolon


@cache
def migrations(dialect: Dialect) -> tuple[Migration, ...]:
    """Return all steps of a dialect, in order."""
    steps = []
    for file in sorted((directory(dialect) / "migrations").iterdir(), key=lambda file: file.name):
        named = _NAME.fullmatch(file.name)
        if named is None:
            raise ValueError(f"{file.name} is no name for a migration")
        steps.append(Migration(revision=named[1], script=file.read_text(encoding="utf-8")))
    return tuple(steps)


def is_current(dialect: Dialect, revision: str | None) -> bool:
    """Say whether a store at this revision (None: a new one) needs no migration.

    Raises `StoreUnavailable` if it is of a newer version of Twinpool than ours.
    """
    known = [migration.revision for migration in migrations(dialect)]
    if revision is not None and revision not in known:
        raise StoreUnavailable(f"the store's schema is {revision}, which this version of Twinpool does not know")
    return revision == known[-1]


def migrate(dialect: Dialect, connect: Callable[[], Any]) -> None:
    """Bring a store up to date over a connection of its own, made by `connect` in the driver's way.

    Errors are those of the driver, for the adapter to translate; and `StoreUnavailable` as in `is_current`.
    """
    # Slow to import and seldom needed: a store is migrated once, and opened often.
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    engine = create_engine(f"{_DRIVER[dialect]}://", creator=connect, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(_FIRST_STATEMENT[dialect])
            context = MigrationContext.configure(
                connection, opts={"version_table": VERSION_TABLE, "fn": _missing_steps(dialect, connection)}
            )
            context.run_migrations()
    except DBAPIError as error:
        raise (error.orig or error) from error


def _missing_steps(
    dialect: Dialect, connection: Connection
) -> Callable[[tuple[str, ...], MigrationContext], Iterator[RevisionStep]]:
    """Return what Alembic calls with the revisions applied, to learn which steps are left."""
    from alembic.runtime.migration import MigrationStep
    from alembic.script.base import Script
    from alembic.script.revision import RevisionMap

    scripts: list[Script] = []
    for migration in migrations(dialect):
        module = ModuleType(migration.revision, migration.revision)
        module.__dict__["down_revision"] = scripts[-1].revision if scripts else None
        module.__dict__["upgrade"] = _runner(dialect, connection, migration.script)
        scripts.append(Script(module, migration.revision, ""))
    revisions = RevisionMap(lambda: scripts)
    revisions.get_current_head()  # Asked for anything, it resolves how the scripts depend on each other.

    def missing(applied: tuple[str, ...], _context: MigrationContext) -> Iterator[RevisionStep]:
        is_current(dialect, applied[0] if applied else None)
        done = [script.revision for script in scripts].index(applied[0]) + 1 if applied else 0
        return (MigrationStep.upgrade_from_script(revisions, script) for script in scripts[done:])

    return missing


def _runner(dialect: Dialect, connection: Connection, script: str) -> Callable[[], None]:
    def run() -> None:
        for statement in _statements(dialect, script):
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    return run


def _statements(dialect: Dialect, script: str) -> Iterator[str]:
    """Split a script as far as the driver demands: psycopg takes it whole, sqlite3 one statement at a time."""
    if dialect == "postgresql":
        yield script
        return
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


__all__ = ["VERSION_TABLE", "Migration", "is_current", "migrate", "migrations"]
