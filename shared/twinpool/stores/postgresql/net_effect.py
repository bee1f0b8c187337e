"""What several changes come to, record by record, and how that gets into the record table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from twinpool.stores.postgresql.arrays import ByteaArray
from twinpool.stores.postgresql.connections import Connection
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.prepared import Prepared
from twinpool.vocabulary.change import Change

Place = str  #: owner and key with a NUL between; strings are in the order of code points, as their UTF-8 is
Effect = list[tuple[Place, bytes | None]]  #: what becomes of each record of one set, in the order of their places


def place_of(owner: str, key: str) -> bytes:
    """Return where a record stands in the table."""
    return f"{owner}\0{key}".encode()


def owner_and_key(place: bytes) -> tuple[str, str]:
    """Return whose record stands at a place."""
    owner, _, key = place.decode().partition("\0")
    return owner, key


def net_effect(changes: Iterable[tuple[str, str, bytes | None]]) -> Effect:
    """Reduce changes to the last one of each record, in the order of their places.

    Everybody touches records in this order, so two transactions never wait for each other in a circle.
    """
    last = {f"{owner}\0{key}": value for owner, key, value in changes}
    return [(place, last[place]) for place in sorted(last)]


class Sendable(Prepared):
    """Changes with what the server will be sent for them."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """Work it out. Raises `InvalidRecord`."""
        super().__init__(changes)
        effect = net_effect(changes)
        self.puts = _arrays([(place, value) for place, value in effect if value is not None])
        self.gone = [place.encode() for place, value in effect if value is None]


def prepared(changes: Sequence[Change]) -> Sendable:
    """Prepare changes unless that has been done."""
    return changes if isinstance(changes, Sendable) else Sendable(changes)


def write_beside_others(connection: Connection, effects: Mapping[int, Effect]) -> None:
    """Bring about the effect on each record set while other writers may touch the same records.

    What is to be deleted is put first, too. Invariant: when a transaction takes its position, it holds the lock of
    every record that it puts *or deletes*. A mere DELETE holds nothing where it finds nothing, so it could miss
    a record that another one is just adding, and yet stand behind it in the log: the record would live on here and
    be gone at the partner.
    """
    for set_id, effect in sorted(effects.items(), key=itemgetter(0)):
        put_records(connection, set_id, [(place, value or b"") for place, value in effect])
    for set_id, effect in effects.items():
        delete_records(connection, set_id, effect)


def write_alone(connection: Connection, set_id: int, changes: Sequence[Change]) -> None:
    """Write the effect of changes where nobody else writes, which an importer's hold on its stream makes sure of."""
    ready = prepared(changes)
    _put(connection, set_id, ready.puts)
    _delete(connection, set_id, ready.gone)


def put_records(connection: Connection, set_id: int, puts: Sequence[tuple[Place, bytes]]) -> None:
    """Put sorted records."""
    _put(connection, set_id, _arrays(puts))


def delete_records(connection: Connection, set_id: int, effect: Effect) -> None:
    """Delete the records of which nothing is to remain."""
    _delete(connection, set_id, [place.encode() for place, value in effect if value is None])


def _arrays(puts: Sequence[tuple[Place, bytes]]) -> tuple[ByteaArray, ByteaArray] | None:
    if not puts:
        return None
    places, values = zip(*puts, strict=True)
    return ByteaArray.of(list(map(str.encode, places))), ByteaArray.of(values)


def _put(connection: Connection, set_id: int, puts: tuple[ByteaArray, ByteaArray] | None) -> None:
    if puts is not None:
        connection.execute(SQL["put_records"], {"set": set_id, "places": puts[0], "values": puts[1]})


def _delete(connection: Connection, set_id: int, gone: list[bytes]) -> None:
    if gone:
        connection.execute(SQL["delete_records"], {"set": set_id, "places": gone})


__all__ = [
    "Effect",
    "Sendable",
    "net_effect",
    "owner_and_key",
    "place_of",
    "prepared",
    "put_records",
    "write_alone",
    "write_beside_others",
]
