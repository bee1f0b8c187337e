from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from twinpool.errors import StoreUnavailable
from twinpool.stores.migrations import is_current, migrate, migrations
from twinpool.stores.opening import open_store
from twinpool.stores.queries import Dialect
from twinpool.vocabulary.names import PoolFqdn

POOL = PoolFqdn("pool1.lab")


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def schema(path: Path) -> dict[str, str]:
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return dict(rows)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_migrations_are_numbered_without_a_gap(dialect: Dialect) -> None:
    numbers = [int(migration.revision[:4]) for migration in migrations(dialect)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_both_dialects_have_the_same_migrations() -> None:
    assert [each.revision for each in migrations("sqlite")] == [each.revision for each in migrations("postgresql")]


def test_a_new_store_gets_every_statement_of_the_files(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    migrate("sqlite", lambda: connect(path))
    made = schema(path)
    told = "".join(migration.script for migration in migrations("sqlite"))
    statements = len(re.findall("^CREATE ", told, re.MULTILINE))
    assert len(made.keys() - {"schema_version", "sqlite_sequence"}) == statements > 5
    with closing(connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM schema_version").fetchall() == [
            (migrations("sqlite")[-1].revision,)
        ]


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    migrate("sqlite", lambda: connect(path))
    before = schema(path)
    migrate("sqlite", lambda: connect(path))
    assert schema(path) == before


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}", POOL).close()
    with closing(connect(path)) as connection:
        connection.execute("UPDATE schema_version SET version_num = '9999_from_the_future'")
    with pytest.raises(StoreUnavailable, match="9999_from_the_future"):
        open_store(f"sqlite:///{path}", POOL)
    with pytest.raises(StoreUnavailable, match="9999_from_the_future"):
        migrate("sqlite", lambda: connect(path))


def test_a_new_store_is_not_current() -> None:
    assert not is_current("sqlite", None)
    assert is_current("sqlite", migrations("sqlite")[-1].revision)


KILLED = """
import os, signal, sqlite3, sys
from twinpool.stores import migrations
from twinpool.stores.sqlite.schema import bring_up_to_date
from pathlib import Path
connect = sqlite3.connect
class Killed(sqlite3.Connection):
    def cursor(self, *args):
        made = super().cursor(*args)
        if self.in_transaction and self.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return made
sqlite3.connect = lambda *args, **options: connect(*args, **options, factory=Killed)
bring_up_to_date(Path(sys.argv[1]))
"""


def test_a_process_that_is_killed_while_migrating_leaves_nothing_that_is_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -9
    assert path.exists()
    assert schema(path) == {}
    open_store(f"sqlite:///{path}", POOL).close()
    assert "change_set" in schema(path)


IMPORTED = """
import sys
from twinpool.stores.opening import open_store
open_store(sys.argv[1], "pool1.lab").close()
print(*{"alembic", "sqlalchemy", "psycopg"} & set(sys.modules))
"""


def test_a_store_that_is_up_to_date_is_opened_without_the_migration_library_and_foreign_drivers(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"

    def imported() -> set[str]:
        done = subprocess.run([sys.executable, "-c", IMPORTED, url], check=True, capture_output=True, text=True)
        return set(done.stdout.split())

    assert "alembic" in imported()
    assert imported() == set()
