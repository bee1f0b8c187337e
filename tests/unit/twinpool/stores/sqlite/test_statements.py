from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from twinpool.stores.sqlite import SqliteStore
from twinpool.stores.sqlite.statements import SQL
from twinpool.vocabulary.names import PoolFqdn

#: Read tables that stay small, or count all there is.
SCANS = {
    "homes",
    "discarded_sets",
    "version_table",
    "schema_version",
    "check",
    "hold_generation",
    "lock_lease",
    "take_lease",
    "renew_lease",
    "release_lease",
    "raise_generation",
    "current_lease",
    "operations",
}

NO_TABLE = re.compile("SCAN (CONSTANT ROW|numbered)")  #: the second counts the records of a parcel


@pytest.mark.parametrize("name", sorted(SQL.keys() - SCANS))
def test_no_statement_scans_or_sorts_a_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / "store.db"
    SqliteStore(path, PoolFqdn("pool1.lab")).close()
    named, placed = dict.fromkeys(re.findall(r":(\w+)", SQL[name]), 1), (1,) * SQL[name].count("?")
    with closing(sqlite3.connect(path)) as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", placed or named).fetchall()
    plan = " / ".join(step[3] for step in steps)
    assert "SCAN" not in NO_TABLE.sub("", plan), plan
    assert "TEMP B-TREE" not in plan, plan
