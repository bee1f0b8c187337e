"""What several changes come to, record by record, and how that gets into the record table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from twinpool.stores.sqlite.statements import SQL

Place = tuple[int, str, str]  #: record set, owner, key
Effect = dict[Place, bytes | None]  #: what becomes of each record


def net_effect(set_id: int, changes: Iterable[tuple[str, str, bytes | None]]) -> Effect:
    """Reduce changes to the last one of each record."""
    return {(set_id, owner, key): value for owner, key, value in changes}


def bring_about(connection: sqlite3.Connection, effect: Mapping[Place, bytes | None]) -> None:
    """Put and delete records in key order, in which neighbours share pages."""
    ordered = sorted(effect.items())  # places are distinct, so values are never compared
    puts = [(*place, value) for place, value in ordered if value is not None]
    if puts:
        connection.executemany(SQL["put_records"], puts)
    if len(puts) < len(ordered):
        connection.executemany(SQL["delete_records"], [place for place, value in ordered if value is None])


__all__ = ["Effect", "Place", "bring_about", "net_effect"]
