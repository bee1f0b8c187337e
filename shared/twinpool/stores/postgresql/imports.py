"""What an importer does: sessions, batches, cursors. Snapshots are in `staging`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from twinpool.errors import ImportFailed, SessionOvertaken
from twinpool.stores.postgresql.arrays import ByteaArray
from twinpool.stores.postgresql.connections import Connection, Statement
from twinpool.stores.postgresql.ground import Ground, lock_number, storable
from twinpool.stores.postgresql.net_effect import Sendable, prepared, write_alone
from twinpool.stores.postgresql.orphans import NO_SET, compare_some
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.streams import StreamId
from twinpool.stores.progress import ProgressRow, progress_row
from twinpool.stores.text import check_stream
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import CMS_HOME, ORIGIN, Generation, Instant, Position, Stream
from twinpool.vocabulary.session import ImportProgress, SessionId
from twinpool.vocabulary.states import ImportLedger

NOTHING = ByteaArray.of([])


def import_ledger_of(row: tuple[Any, ...] | None) -> ImportLedger:
    """Read a row of the statement `import_ledger`; none is that of a stream of which nothing was imported."""
    failure, imported_at = row or (None, None)
    return ImportLedger(failure=failure, imported_at=None if imported_at is None else Instant(imported_at))


@dataclass(frozen=True, slots=True)
class BatchToApply:
    """Changes of a stream that are applied together, and what they follow."""

    stream: Stream
    session: SessionId
    after: Position
    upto: Position
    changes: Sendable


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A transaction that has the import of a stream to itself, until it ends."""

    connection: Connection
    stream_id: StreamId
    row: ProgressRow
    record_set: int  #: where the records are that the stream shows

    @property
    def progress(self) -> ImportProgress:
        """What was known when the transaction began."""
        return self.row.progress

    def run(self, name: str, **parameters: object) -> None:
        """Run a statement about this stream."""
        self.connection.execute(SQL[name], {"stream": self.stream_id, **parameters})

    def demand(self, session: SessionId) -> None:
        """Raise `SessionOvertaken` unless a session is the one noted."""
        if session != self.progress.session:
            raise SessionOvertaken(f"session {session} was overtaken by {self.progress.session}")

    def discard_staged(self) -> None:
        """Have what is staged deleted later."""
        if self.row.staged_set is not None:
            self.run("discard_set", set=self.row.staged_set)


class PostgresqlImports(Ground):
    """The imports of all streams; each call is one transaction."""

    def import_progress(self, stream: Stream) -> ImportProgress:
        """Return what is durably known of a stream."""
        return progress_row(self._row("import_progress", stream=self._streams.find(stream))).progress

    def note_session(self, stream: Stream, session: SessionId, *, generation: Generation) -> ImportProgress:
        """Note a session and return the progress; see `Imports.note_session`."""
        with self._held(stream, generation) as hold:
            if session <= hold.progress.session:
                raise SessionOvertaken(f"session {session} is not newer than {hold.progress.session}")
            outdated = hold.row.staged_set is not None and session.term > hold.progress.session.term
            if outdated:
                hold.discard_staged()
                hold.run("forget_staging")
            term, session_generation, number = session
            hold.run("note_session", term=term, generation=session_generation, number=number)
        if outdated:
            self._sweeper.sweep_soon()
        progress = hold.progress
        staging = None if outdated else progress.staging
        return ImportProgress(cursor=progress.cursor, session=session, staging=staging)

    def prepare(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Work out what the server will be sent; see `Imports.prepare`."""
        return prepared(changes)

    def apply(
        self,
        stream: Stream,
        changes: Sequence[Change],
        *,
        session: SessionId,
        after: Position,
        upto: Position,
        generation: Generation,
    ) -> None:
        """Apply changes and move the cursor, all or nothing; see `Imports.apply`."""
        check_stream(stream)
        batch = BatchToApply(stream, session, after, upto, prepared(changes))
        if not self._apply_at_once(batch, generation):
            self._apply_in_steps(batch, generation)
        self._notifier.announce(None if stream.home == CMS_HOME else ())

    def _apply_at_once(self, batch: BatchToApply, generation: Generation) -> bool:
        """Apply in one journey to the server; False, and nothing done, if anything is in the way."""
        places, contents = batch.changes.puts or (NOTHING, NOTHING)
        row = self._row(
            "apply_batch",
            own_generation=generation,
            stream=self._streams.make(batch.stream),
            term=batch.session.term,
            generation=batch.session.generation,
            number=batch.session.number,
            after=batch.after,
            upto=batch.upto,
            places=places,
            contents=contents,
            gone=ByteaArray.of(batch.changes.gone),
        )
        return row == (True,)

    def _apply_in_steps(self, batch: BatchToApply, generation: Generation) -> None:
        """Likewise, step by step, to say what is in the way."""
        with self._held(batch.stream, generation) as hold:
            hold.demand(batch.session)
            cursor = hold.progress.cursor
            if cursor is None or cursor.position != batch.after:
                raise ImportFailed(f"a batch that follows {batch.after} cannot be applied at {cursor}")
            write_alone(hold.connection, hold.record_set, batch.changes)
            hold.run("move_cursor", term=batch.session.term, position=batch.upto)

    def begin(self, stream: Stream, *, session: SessionId, generation: Generation) -> None:
        """Set an unknown stream's cursor to the beginning of the log; see `Imports.begin`."""
        while not self._begin(stream, session, generation):
            pass  # a piece of the records that go was compared
        self._sweeper.sweep_soon()

    def _begin(self, stream: Stream, session: SessionId, generation: Generation) -> bool:
        with self._held(stream, generation, alone=True) as hold:
            hold.demand(session)
            if compare_some(hold.connection, hold.stream_id, ours=hold.record_set, others=NO_SET):
                return False
            hold.discard_staged()
            hold.run("discard_set", set=hold.record_set)
            hold.run("show_records", set=None)
            hold.run("set_cursor", term=session.term, position=ORIGIN)
            return True

    def import_ledger(self, stream: Stream) -> ImportLedger:
        """Return the health of a stream's import."""
        return import_ledger_of(self._row("import_ledger", stream=self._streams.find(stream)))

    def note_import(self, stream: Stream, *, failure: str | None, generation: Generation) -> None:
        """Note that an import failed, or (None) that imports work."""
        stream_id = self._streams.make(stream)
        reason = None if failure is None else storable(failure)
        with self._fenced(generation, ("note_import", {"stream": stream_id, "failure": reason})):
            pass  # that was all

    @contextmanager
    def _held(self, stream: Stream, generation: Generation, *, alone: bool = False) -> Iterator[Hold]:
        """Open a fenced transaction that has the import of a stream to itself, `alone` without writers, too.

        Everybody locks in this order: lease, home, import; so nobody waits in a circle.
        """
        check_stream(stream)
        stream_id = self._streams.make(stream)
        this = {"stream": stream_id}
        first: list[Statement] = [("know_import", this), ("hold_import", this), ("record_set", this)]
        if alone:
            first.insert(0, ("seize_home", {"lock": lock_number("home", stream.home)}))
        with self._fenced(generation, *first) as (connection, begun):
            held, shown = begun[-2:]
            ((record_set,),) = shown
            row = progress_row(held[0] if held else None)
            yield Hold(connection=connection, stream_id=stream_id, row=row, record_set=record_set)


__all__ = ["Hold", "PostgresqlImports"]
