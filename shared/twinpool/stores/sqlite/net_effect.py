"""What several changes come to, record by record, and how that gets into the record table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twinpool.stores.prepared import Prepared
from twinpool.stores.sqlite.parcels import Parcel, parcel_of
from twinpool.stores.sqlite.statements import SQL
from twinpool.vocabulary.change import Change

Effect = dict[tuple[str, str], bytes | None]  #: what becomes of the record of an owner and key


def net_effect(changes: Iterable[tuple[str, str, bytes | None]]) -> Effect:
    """Reduce changes to the last one of each record."""
    return {(owner, key): value for owner, key, value in changes}


@dataclass(frozen=True, slots=True)
class Parcels:
    """An effect as the statements take it: in key order, in which neighbours share pages."""

    puts: Parcel | None
    deletions: Parcel | None


def parcels_of(effect: Effect) -> Parcels:
    """Put together what is put and what is deleted."""
    places = sorted(effect)
    puts = [(*place, value) for place in places if (value := effect[place]) is not None]
    gone = [(*place, b"") for place in places if effect[place] is None] if len(puts) < len(places) else []
    return Parcels(parcel_of(puts) if puts else None, parcel_of(gone) if gone else None)


class Sorted(Prepared):
    """Changes with their effect in key order."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """Work it out. Raises `InvalidRecord`."""
        super().__init__(changes)
        self.parcels = parcels_of(net_effect(changes))


def prepared(changes: Sequence[Change]) -> Sorted:
    """Prepare changes unless that has been done."""
    return changes if isinstance(changes, Sorted) else Sorted(changes)


def bring_about(connection: sqlite3.Connection, set_id: int, parcels: Parcels) -> None:
    """Put and delete the records of a set."""
    for name, parcel in (("put_records", parcels.puts), ("delete_records", parcels.deletions)):
        if parcel is not None:
            holds = {"count": parcel.count, "parts": parcel.parts, "ends": parcel.ends}
            connection.execute(SQL[name], {"set": set_id, **holds})


__all__ = ["Effect", "Parcels", "bring_about", "net_effect", "parcels_of", "prepared"]
