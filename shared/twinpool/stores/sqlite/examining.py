"""How the store is set up."""

from __future__ import annotations

import sqlite3

from twinpool.ports.examination import StoreExamination
from twinpool.stores.migrations import migrations
from twinpool.stores.sqlite.failures import store_errors
from twinpool.stores.sqlite.ground import Ground

_SYNCHRONOUS = {0: "off", 1: "normal", 2: "full", 3: "extra"}


class SqliteExamined(Ground):
    """A store that can say how it is."""

    def examine(self) -> StoreExamination:
        """Read how the store is set up; see `Examined.examine`."""
        journal_mode, synchronous, schema = (
            self._row(name) for name in ("journal_mode", "synchronous", "schema_version")
        )
        with store_errors(self._path):
            size = self._path.stat().st_size
        return StoreExamination(
            kind="sqlite",
            server_version=sqlite3.sqlite_version,
            schema_version=str(schema[0]) if schema else "",
            expected_schema_version=migrations("sqlite")[-1].revision,
            settings={
                "journal_mode": str(journal_mode[0]) if journal_mode else "",
                "synchronous": _SYNCHRONOUS.get(synchronous[0], "unknown") if synchronous else "",
            },
            size_bytes=size,
        )


__all__ = ["SqliteExamined"]
