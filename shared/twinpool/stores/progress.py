"""The row that says what an importer durably knows of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Generation, Position, Term
from twinpool.vocabulary.session import NO_SESSION, Cursor, ImportProgress, SessionId, Staging


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressRow:
    """The progress of an import, and the record set in which a snapshot is staged."""

    progress: ImportProgress
    staged_set: int | None


UNKNOWN_ROW = ProgressRow(progress=ImportProgress(cursor=None, session=NO_SESSION, staging=None), staged_set=None)


def progress_row(row: tuple[Any, ...] | None) -> ProgressRow:
    """Read a row of the statements `import_progress` and `hold_import`."""
    if row is None:
        return UNKNOWN_ROW
    term, generation, number, cursor_term, cursor_position, staged_set, *staging = row
    return ProgressRow(
        progress=ImportProgress(
            cursor=None if cursor_term is None else Cursor(Term(cursor_term), Position(cursor_position)),
            session=SessionId(Term(term), Generation(generation), number),
            staging=None if staged_set is None else _staging(*staging),
        ),
        staged_set=staged_set,
    )


def _staging(position: int, owner: str | None, key: str | None, settles_at: int | None) -> Staging:
    return Staging(
        position=Position(position),
        walked_to=None if owner is None or key is None else RecordKey(owner, key),
        settles_at=None if settles_at is None else Position(settles_at),
    )


__all__ = ["UNKNOWN_ROW", "ProgressRow", "progress_row"]
