"""What an importer does: sessions, batches, cursors. Snapshots are in `staging`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from twinpool.errors import ImportFailed, SessionOvertaken
from twinpool.stores.progress import ProgressRow, progress_row
from twinpool.stores.sqlite.ground import Ground, named, new_record_set, stream_number
from twinpool.stores.sqlite.net_effect import bring_about, prepared
from twinpool.stores.sqlite.orphans import NO_SET, compare_some
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_stream
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import CMS_HOME, ORIGIN, Generation, Position, Stream
from twinpool.vocabulary.session import ImportProgress, SessionId
from twinpool.vocabulary.states import ImportLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A transaction that has the import of a stream to itself, as each has the whole store."""

    connection: sqlite3.Connection
    stream_id: int
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


class SqliteImports(Ground):
    """The imports of all streams; each call is one transaction."""

    def import_progress(self, stream: Stream) -> ImportProgress:
        """Return what is durably known of a stream."""
        return progress_row(self._row("import_progress", named(stream))).progress

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
        """Put the changes in the order of the file; see `Imports.prepare`."""
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
        ready = prepared(changes)
        with self._held(stream, generation) as hold:
            hold.demand(session)
            cursor = hold.progress.cursor
            if cursor is None or cursor.position != after:
                raise ImportFailed(f"a batch that follows {after} cannot be applied at {cursor}")
            bring_about(hold.connection, hold.record_set, ready.parcels)
            hold.run("move_cursor", term=session.term, position=upto, now=self.now())
        self._imported(stream)

    def begin(self, stream: Stream, *, session: SessionId, generation: Generation) -> None:
        """Set an unknown stream's cursor to the beginning of the log; see `Imports.begin`."""
        while not self._begin(stream, session, generation):
            pass  # a piece of the records that go was compared
        self._sweeper.sweep_soon()
        self._imported(stream)

    def _begin(self, stream: Stream, session: SessionId, generation: Generation) -> bool:
        with self._held(stream, generation) as hold:
            hold.demand(session)
            if compare_some(hold.connection, hold.stream_id, ours=hold.record_set, others=NO_SET):
                return False
            hold.discard_staged()
            hold.run("discard_set", set=hold.record_set)
            hold.run("show_records", set=new_record_set(hold.connection))
            hold.run("set_cursor", term=session.term, position=ORIGIN)
            return True

    def import_ledger(self, stream: Stream) -> ImportLedger:
        """Return the health of a stream's import."""
        failure, imported_at = self._row("import_ledger", named(stream)) or (None, None)
        return ImportLedger(failure=failure, imported_at=imported_at)

    def note_import(self, stream: Stream, *, failure: str | None, generation: Generation) -> None:
        """Note that an import failed, or (None) that imports work."""
        check_stream(stream)
        with self._fenced(generation) as connection:
            stream_id = stream_number(connection, stream)
            connection.execute(SQL["note_import"], {"stream": stream_id, "failure": failure})

    def _imported(self, stream: Stream) -> None:
        """Wake the active front end for what it goes by itself: the configuration in the CMS."""
        if stream.home == CMS_HOME:
            self._bell.ring()

    @contextmanager
    def _held(self, stream: Stream, generation: Generation) -> Iterator[Hold]:
        check_stream(stream)
        with self._fenced(generation) as connection:
            stream_id = stream_number(connection, stream)
            connection.execute(SQL["know_import"], {"stream": stream_id})
            row = progress_row(connection.execute(SQL["import_progress"], named(stream)).fetchone())
            ((record_set,),) = connection.execute(SQL["record_set"], {"stream": stream_id}).fetchall()
            yield Hold(connection=connection, stream_id=stream_id, row=row, record_set=record_set)


__all__ = ["Hold", "SqliteImports"]
