"""How the store is set up."""

from __future__ import annotations

from twinpool.ports.examination import StoreExamination
from twinpool.stores.migrations import migrations
from twinpool.stores.postgresql.ground import Ground


class PostgresqlExamined(Ground):
    """A store that can say how it is."""

    def examine(self) -> StoreExamination:
        """Read how the store is set up; see `Examined.examine`."""
        ((version, fsync, synchronous_commit, full_page_writes, size, schema),) = self._rows("examine")
        return StoreExamination(
            kind="postgresql",
            server_version=version,
            schema_version=schema,
            expected_schema_version=migrations("postgresql")[-1].revision,
            settings={
                "fsync": fsync,
                "synchronous_commit": synchronous_commit,
                "full_page_writes": full_page_writes,
            },
            size_bytes=size,
        )


__all__ = ["PostgresqlExamined"]
