"""What several changes come to, record by record, and how that gets into the record table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter

from twinpool.stores.prepared import Prepared
from twinpool.stores.sqlite.statements import SQL
from twinpool.vocabulary.change import Change

Effect = dict[tuple[str, str], bytes | None]  #: what becomes of the record of an owner and key


def net_effect(changes: Iterable[tuple[str, str, bytes | None]]) -> Effect:
    """Reduce changes to the last one of each record."""
    return {(owner, key): value for owner, key, value in changes}


class Sorted(Prepared):
    """Changes with their effect in key order."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """Work it out. Raises `InvalidRecord`."""
        super().__init__(changes)
        self.effect = dict(sorted(net_effect(changes).items(), key=itemgetter(0)))


def prepared(changes: Sequence[Change]) -> Sorted:
    """Prepare changes unless that has been done."""
    return changes if isinstance(changes, Sorted) else Sorted(changes)


def bring_about(connection: sqlite3.Connection, set_id: int, effect: Effect) -> None:
    """Put and delete the records of a set in key order, in which neighbours share pages."""
    places = sorted(effect)
    puts = [(set_id, *place, value) for place in places if (value := effect[place]) is not None]
    if puts:
        connection.executemany(SQL["put_records"], puts)
    if len(puts) < len(places):
        gone = [(set_id, *place) for place in places if effect[place] is None]
        connection.executemany(SQL["delete_records"], gone)


__all__ = ["Effect", "bring_about", "net_effect", "prepared"]
