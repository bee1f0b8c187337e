"""The ledger of divergent changes, and how they get into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twinpool.errors import NotFound
from twinpool.stores.orphan_rows import orphan_of
from twinpool.stores.postgresql.connections import Connection
from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.net_effect import owner_and_key, place_of
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.streams import StreamId
from twinpool.stores.text import check_text
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Home, Position, Term
from twinpool.vocabulary.orphan import Orphan, SinceFork, Verdict
from twinpool.wire import decode_changes

NO_SET = 0  #: a record set that never holds anything

PIECE = 10_000  #: records that one transaction compares, so that none is long
AT_ONCE = {"limit": 5_000, "max_bytes": 4 * 1024 * 1024}  #: what is read of a log before it is written to the ledger


class PostgresqlOrphans(Ground):
    """All orphans of the pool."""

    def orphans(
        self, *, after: int = 0, limit: int = 1000, home: Home | None = None, undecided: bool = False
    ) -> list[Orphan]:
        """Return orphans with numbers above `after`; see `Orphans.orphans`."""
        which = {"after": after, "limit": limit, "undecided": undecided}
        if home is None:
            return [_orphan_of(row) for row in self._rows("orphans", **which)]
        check_text(home)
        return [_orphan_of(row) for row in self._rows("orphans_of_home", home=home, **which)]

    def orphan(self, number: int) -> Orphan | None:
        """Return one orphan."""
        row = self._row("orphan", number=number)
        return None if row is None else _orphan_of(row)

    def count_orphans(self, home: Home, *, undecided: bool = False) -> int:
        """Count the orphans of a home."""
        check_text(home)
        ((count,),) = self._rows("count_undecided" if undecided else "count_orphans", home=home)
        return int(count)

    def decide(self, number: int, verdict: Verdict) -> bool:
        """Note what became of an orphan; see `Orphans.decide`."""
        check_text(verdict.by, verdict.note)
        said = {"decision": verdict.decision.value, "by": verdict.by, "at": verdict.at, "note": verdict.note}
        with self._connections.session() as connection:
            decided = connection.execute(SQL["decide"], {"number": number, **said}).rowcount
        if not decided and self.orphan(number) is None:
            raise NotFound(f"there is no orphan {number}")
        return bool(decided)


def keep_divergent(connection: Connection, stream_id: StreamId, *, above: Position, term: Term) -> int:
    """Move what a log holds above a position to the orphans, and note what it touched for repair; count them.

    Some change sets at a time, for the log may be longer than memory, and each step is short, so that the server
    sees us live.
    """
    count, read_to = 0, above
    while rows := connection.execute(
        SQL["divergent"], {"stream": stream_id, "above": read_to, **AT_ONCE}, binary=True
    ).fetchall():
        count += _keep(connection, stream_id, term, rows)
        read_to = rows[-1][0]
    connection.execute(SQL["cut_log"], {"stream": stream_id, "above": above})
    connection.execute(SQL["renumber_log"], {"stream": stream_id})
    return count


def _keep(connection: Connection, stream_id: StreamId, term: Term, rows: Sequence[tuple[Any, ...]]) -> int:
    positions: list[int] = []
    instants: list[float] = []
    places: list[bytes] = []
    values: list[bytes | None] = []
    for position, committed_at, payload in rows:
        for owner, key, value in decode_changes(payload):
            positions.append(position)
            instants.append(committed_at)
            places.append(place_of(owner, key))
            values.append(value)
    found = {"positions": positions, "instants": instants, "places": places, "values": values}
    connection.execute(SQL["add_orphans"], {"stream": stream_id, "term": term, **found})
    connection.execute(SQL["note_repairs"], {"stream": stream_id, "places": sorted(set(places))})
    return len(places)


def compare_some(connection: Connection, stream_id: StreamId, *, ours: int, others: int) -> bool:
    """Compare the next piece of our records with another set if that is still to be done; True if there is more.

    Once it is over, that and the repairs are forgotten, for our records are to be replaced in this transaction.
    """
    this = {"stream": stream_id}
    row = connection.execute(SQL["comparison"], this, binary=True).fetchone()
    if row is not None:
        term, compared_with, place = row
        first = place + b"\0" if compared_with == others else b""  # the smallest place above it
        piece = {"set": ours, "first": first, "limit": PIECE}
        end = connection.execute(SQL["end_of_piece"], piece, binary=True).fetchone()
        connection.execute(SQL["keep_differing"], {**this, **piece, "other_set": others, "term": term})
        if end is not None:
            connection.execute(SQL["note_compared"], {**this, "other_set": others, "place": end[0]})
            return True
    connection.execute(SQL["forget_comparison"], this)
    connection.execute(SQL["forget_repairs"], this)
    return False


def note_since_fork(connection: Connection, stream_id: StreamId, told: Sequence[tuple[RecordKey, SinceFork]]) -> None:
    """Note what the serving pool said of records at the orphans that the newest demotion took from the log."""
    row = connection.execute(SQL["newest_parting"], {"stream": stream_id}).fetchone()
    if row is None:
        return
    columns = {
        "places": [place_of(*key) for key, _ in told],
        "changed": [said.changed for _, said in told],
        "fingerprints": [said.fingerprint for _, said in told],
    }
    connection.execute(SQL["note_since_fork"], {"stream": stream_id, "term": row[0], **columns})


def _orphan_of(row: tuple[Any, ...]) -> Orphan:
    *told, place, value, decision, by, at, note, changed, found, later = row
    return orphan_of((*told, *owner_and_key(place), value, decision, by, at, note, changed, found, later))


__all__ = ["NO_SET", "PostgresqlOrphans", "compare_some", "keep_divergent", "note_since_fork"]
