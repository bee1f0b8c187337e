"""The ledger of divergent changes, and how they get into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from twinpool.errors import NotFound
from twinpool.stores.orphan_rows import orphan_of
from twinpool.stores.sqlite.ground import Ground
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_text
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Home, Position, Term
from twinpool.vocabulary.orphan import Orphan, SinceFork, Verdict
from twinpool.wire import decode_changes

NO_SET = 0  #: a record set that never holds anything

_ABOVE_ALL = (b"", b"")  # to SQLite, all bytes are above all text

PIECE = 5_000  #: records that one transaction compares, so that none keeps writers waiting for long


class SqliteOrphans(Ground):
    """All orphans of the pool."""

    def orphans(
        self, *, after: int = 0, limit: int = 1000, home: Home | None = None, undecided: bool = False
    ) -> list[Orphan]:
        """Return orphans with numbers above `after`; see `Orphans.orphans`."""
        which: dict[str, object] = {"after": after, "limit": limit, "undecided": undecided, "home": home}
        return [orphan_of(row) for row in self._rows("orphans" if home is None else "orphans_of_home", which)]

    def orphan(self, number: int) -> Orphan | None:
        """Return one orphan."""
        row = self._row("orphan", {"number": number})
        return None if row is None else orphan_of(row)

    def count_orphans(self, home: Home, *, undecided: bool = False) -> int:
        """Count the orphans of a home."""
        ((count,),) = self._rows("count_undecided" if undecided else "count_orphans", {"home": home})
        return int(count)

    def decide(self, number: int, verdict: Verdict) -> bool:
        """Note what became of an orphan; see `Orphans.decide`."""
        check_text(verdict.by, verdict.note)
        said = {"decision": verdict.decision.value, "by": verdict.by, "at": verdict.at, "note": verdict.note}
        with self._connections.writing() as connection:
            decided = connection.execute(SQL["decide"], {"number": number, **said}).rowcount
            if not decided and connection.execute(SQL["orphan"], {"number": number}).fetchone() is None:
                raise NotFound(f"there is no orphan {number}")
        return bool(decided)


def keep_divergent(connection: sqlite3.Connection, stream_id: int, *, above: Position, term: Term) -> int:
    """Move what a log holds above a position to the orphans, and note what it touched for repair; count them."""
    count = 0
    for orphans in _divergent(connection, stream_id, above, term):
        connection.executemany(SQL["add_orphans"], orphans)
        places = sorted({(owner, key) for *_, owner, key, _value in orphans})
        connection.executemany(SQL["note_repairs"], [(stream_id, *place) for place in places])
        count += len(orphans)
    connection.execute(SQL["cut_log"], {"stream": stream_id, "above": above})
    connection.execute(SQL["move_head_back"], {"stream": stream_id})
    return count


def note_since_fork(
    connection: sqlite3.Connection, stream_id: int, told: Iterable[tuple[RecordKey, SinceFork]]
) -> None:
    """Note what the serving pool said of records at the orphans that the newest demotion took from the log."""
    row = connection.execute(SQL["newest_parting"], {"stream": stream_id}).fetchone()
    if row is None:
        return
    these = {"stream": stream_id, "term": row[0]}
    connection.executemany(
        SQL["note_since_fork"],
        [
            {**these, "owner": owner, "key": key, "changed": said.changed, "fingerprint": said.fingerprint}
            for (owner, key), said in told
        ],
    )


_Row = tuple[int, int, int, float, str, str, bytes | None]


def _divergent(connection: sqlite3.Connection, stream_id: int, above: Position, term: Term) -> Iterator[list[_Row]]:
    """Yield the rows of orphans, of some change sets at a time: the log may be longer than memory."""
    gathered: list[_Row] = []
    for position, committed_at, payload in connection.execute(SQL["divergent"], {"stream": stream_id, "above": above}):
        gathered += [(stream_id, term, position, committed_at, *change) for change in decode_changes(payload)]
        if len(gathered) >= PIECE:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


def compare_some(connection: sqlite3.Connection, stream_id: int, *, ours: int, others: int) -> bool:
    """Compare the next piece of our records with another set if that is still to be done; True if there is more.

    Once it is over, that and the repairs are forgotten, for our records are to be replaced in this transaction.
    """
    row = connection.execute(SQL["comparison"], {"stream": stream_id}).fetchone()
    if row is not None:
        term, compared_with, owner, key = row
        begun = compared_with == others
        piece = {
            "set": ours,
            "from_owner": owner if begun else "",
            "from_key": f"{key}\0" if begun else "",  # no key holds NUL, so this is the least that can follow
        }
        end = connection.execute(SQL["end_of_piece"], {**piece, "limit": PIECE}).fetchone()
        to_owner, to_key = end or _ABOVE_ALL
        this = {"stream": stream_id, "other_set": others}
        connection.execute(
            SQL["keep_differing"], {**this, **piece, "to_owner": to_owner, "to_key": to_key, "term": term}
        )
        if end is not None:
            connection.execute(SQL["note_compared"], {**this, "owner": end[0], "key": end[1]})
            return True
    connection.execute(SQL["forget_comparison"], {"stream": stream_id})
    connection.execute(SQL["forget_repairs"], {"stream": stream_id})
    return False


__all__ = ["NO_SET", "SqliteOrphans", "compare_some", "keep_divergent", "note_since_fork"]
