"""What an importer does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from twinpool.errors import ImportFailed, SessionOvertaken
from twinpool.stores.memory.ground import Ground, RecordSet, StreamState
from twinpool.stores.memory.orphans import keep_differing
from twinpool.stores.text import check_keys, check_stream, check_text
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.names import CMS_HOME, ORIGIN, Generation, Position, Stream
from twinpool.vocabulary.session import Cursor, ImportProgress, SessionId, Staging
from twinpool.vocabulary.states import ImportLedger


class MemoryImports(Ground):
    """The imports of all streams."""

    def import_progress(self, stream: Stream) -> ImportProgress:
        """Return what is known of a stream."""
        with self._lock:
            return self._state(stream).progress

    def note_session(self, stream: Stream, session: SessionId, *, generation: Generation) -> ImportProgress:
        """Note a session and return the progress; see `Imports.note_session`."""
        check_stream(stream)
        with self._fenced(generation):
            state = self._kept_state(stream)
            if session <= state.progress.session:
                raise SessionOvertaken(f"session {session} is not newer than {state.progress.session}")
            if session.term > state.progress.session.term:
                state.staged, state.progress = {}, replace(state.progress, staging=None)
            state.progress = replace(state.progress, session=session)
            return state.progress

    def prepare(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Nothing pays here; see `Imports.prepare`."""
        return changes

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
        check_keys(changes)
        with self._held(stream, session, generation) as state:
            cursor = state.progress.cursor
            if cursor is None or cursor.position != after:
                raise ImportFailed(f"a batch that follows {after} cannot be applied at {cursor}")
            _bring_about(state.records, changes)
            state.progress = replace(state.progress, cursor=Cursor(session.term, upto))
            state.imports = replace(state.imports, imported_at=self.now())

    def begin(self, stream: Stream, *, session: SessionId, generation: Generation) -> None:
        """Set an unknown stream's cursor to the beginning of the log; see `Imports.begin`."""
        with self._held(stream, session, generation) as state:
            keep_differing(self._orphans, stream, state, {})
            state.records, state.staged = {}, {}
            state.progress = ImportProgress(cursor=Cursor(session.term, ORIGIN), session=session, staging=None)

    def begin_staging(self, stream: Stream, *, session: SessionId, position: Position, generation: Generation) -> None:
        """Drop what was staged and begin a new snapshot; see `Imports.begin_staging`."""
        with self._held(stream, session, generation) as state:
            state.staged = {}
            staging = Staging(position=position, walked_to=None, settles_at=None)
            state.progress = replace(state.progress, staging=staging)

    def stage(
        self,
        stream: Stream,
        records: Sequence[Record],
        *,
        session: SessionId,
        walked_to: RecordKey | None,
        settles_at: Position | None,
        generation: Generation,
    ) -> None:
        """Add records to the staged snapshot; see `Imports.stage`."""
        check_keys(records)
        check_text(*(walked_to or ()))
        with self._held(stream, session, generation) as state:
            staging = replace(_staging(state), walked_to=walked_to, settles_at=settles_at)
            _bring_about(state.staged, records)
            state.progress = replace(state.progress, staging=staging)

    def stage_changes(
        self,
        stream: Stream,
        changes: Sequence[Change],
        *,
        session: SessionId,
        after: Position,
        upto: Position,
        generation: Generation,
    ) -> None:
        """Apply changes to the staged records; see `Imports.stage_changes`."""
        check_keys(changes)
        with self._held(stream, session, generation) as state:
            staging = _staging(state)
            if staging.position != after:
                raise ImportFailed(f"a batch that follows {after} cannot be staged at {staging.position}")
            _bring_about(state.staged, changes)
            state.progress = replace(state.progress, staging=replace(staging, position=upto))

    def swap_in(self, stream: Stream, *, session: SessionId, generation: Generation) -> Cursor:
        """Show the staged records instead of the former ones; see `Imports.swap_in`."""
        with self._held(stream, session, generation) as state:
            staging = _staging(state)
            if staging.settles_at is None or staging.position < staging.settles_at:
                raise ImportFailed(
                    f"the snapshot at {staging.position} is no state of the source before {staging.settles_at}"
                )
            cursor = Cursor(session.term, staging.position)
            keep_differing(self._orphans, stream, state, state.staged)
            state.records, state.staged = state.staged, {}
            state.progress = ImportProgress(cursor=cursor, session=session, staging=None)
            return cursor

    def import_ledger(self, stream: Stream) -> ImportLedger:
        """Return the health of a stream's import."""
        with self._lock:
            return self._state(stream).imports

    def note_import(self, stream: Stream, *, failure: str | None, generation: Generation) -> None:
        """Note that an import failed, or (None) that imports work."""
        with self._fenced(generation):
            state = self._kept_state(stream)
            state.imports = replace(state.imports, failure=failure)

    @contextmanager
    def _held(self, stream: Stream, session: SessionId, generation: Generation) -> Iterator[StreamState]:
        """Hold a stream for a session. Raises `SessionOvertaken` unless it is the one noted."""
        with self._fenced(generation):
            state = self._state(stream)
            if session != state.progress.session:
                raise SessionOvertaken(f"session {session} was overtaken by {state.progress.session}")
            yield self._kept_state(stream)
            if stream.home == CMS_HOME:
                self._wakeups.grow()


def _bring_about(records: RecordSet, changes: Iterable[tuple[str, str, bytes | None]]) -> None:
    for owner, key, value in changes:
        if value is None:
            records.pop((owner, key), None)
        else:
            records[owner, key] = value


def _staging(state: StreamState) -> Staging:
    if state.progress.staging is None:
        raise ImportFailed("no snapshot is being staged")
    return state.progress.staging


__all__ = ["MemoryImports"]
