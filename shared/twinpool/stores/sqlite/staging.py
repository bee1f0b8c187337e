"""Snapshots: staged aside in a record set of their own, and swapped in by changing one number."""

from __future__ import annotations

from collections.abc import Sequence

from twinpool.errors import ImportFailed
from twinpool.stores.sqlite.ground import new_record_set
from twinpool.stores.sqlite.imports import Hold, SqliteImports
from twinpool.stores.sqlite.net_effect import bring_about, prepared
from twinpool.stores.sqlite.orphans import compare_some
from twinpool.stores.text import check_text
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.names import Generation, Position, Stream
from twinpool.vocabulary.session import Cursor, SessionId, Staging


class SqliteStaging(SqliteImports):
    """The snapshots of all streams."""

    def begin_staging(self, stream: Stream, *, session: SessionId, position: Position, generation: Generation) -> None:
        """Drop what was staged and begin a new snapshot; see `Imports.begin_staging`."""
        with self._held(stream, generation) as hold:
            hold.demand(session)
            hold.discard_staged()
            hold.run("begin_staging", set=new_record_set(hold.connection), position=position)
        self._sweeper.sweep_soon()

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
        check_text(*(walked_to or ()))
        owner, key = walked_to or (None, None)
        puts = prepared([Change(*record) for record in records])
        with self._held(stream, generation) as hold:
            hold.demand(session)
            staged_set, _ = _staged(hold)
            bring_about(hold.connection, staged_set, puts.parcels)
            hold.run("note_walk", owner=owner, key=key, settles_at=settles_at)

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
        ready = prepared(changes)
        with self._held(stream, generation) as hold:
            hold.demand(session)
            staged_set, staging = _staged(hold)
            if staging.position != after:
                raise ImportFailed(f"a batch that follows {after} cannot be staged at {staging.position}")
            bring_about(hold.connection, staged_set, ready.parcels)
            hold.run("move_staging", position=upto)

    def swap_in(self, stream: Stream, *, session: SessionId, generation: Generation) -> Cursor:
        """Show the staged records instead of the former ones; see `Imports.swap_in`.

        Small whatever the number of records; the former ones are deleted afterwards, in steps, and compared before,
        likewise, if a demotion has asked for that.
        """
        while (cursor := self._swap_in(stream, session, generation)) is None:
            pass  # a piece of the former records was compared
        self._sweeper.sweep_soon()
        self._imported(stream)
        return cursor

    def _swap_in(self, stream: Stream, session: SessionId, generation: Generation) -> Cursor | None:
        with self._held(stream, generation) as hold:
            hold.demand(session)
            staged_set, staging = _staged(hold)
            if staging.settles_at is None or staging.position < staging.settles_at:
                raise ImportFailed(
                    f"the snapshot at {staging.position} is no state of the source before {staging.settles_at}"
                )
            if compare_some(hold.connection, hold.stream_id, ours=hold.record_set, others=staged_set):
                return None
            hold.run("show_records", set=staged_set)
            hold.run("discard_set", set=hold.record_set)
            hold.run("set_cursor", term=session.term, position=staging.position)
        return Cursor(session.term, staging.position)


def _staged(hold: Hold) -> tuple[int, Staging]:
    staged_set, staging = hold.row.staged_set, hold.progress.staging
    if staged_set is None or staging is None:
        raise ImportFailed("no snapshot is being staged")
    return staged_set, staging


__all__ = ["SqliteStaging"]
