"""Read by every Python process that has this directory in its path: front ends with a bug that a test chooses.

The bug's name stands in the file that `PLANTED_BUG` names, and is looked up at each call, so that one lab can have one
bug after the other. The design defends in depth: machine and store check both, so a bug takes both away.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twinpool.errors import ImportFailed, SessionOvertaken, TwinpoolError
from twinpool.protocol.importing import Apply, ImportAction, Importing
from twinpool.protocol.messages import Batch, Piece
from twinpool.stores.sqlite.imports import SqliteImports
from twinpool.stores.sqlite.net_effect import bring_about, prepared
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.sqlite.writing import _Group
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Stream, Term

CHOSEN = os.environ.get("PLANTED_BUG", "")
LATE = 2.0  #: seconds from the acknowledgement to the commit

find_standing, apply, numbered = _Group._find_standing, SqliteImports.apply, Importing._numbered
deferred: queue.Queue[tuple[float, Callable[[], None]]] = queue.Queue()


def has(bug: str) -> bool:
    return Path(CHOSEN).read_text(encoding="ascii") == bug


def takes_every_write(self: _Group, stream: Stream) -> Term | TwinpoolError:
    """No fencing: a home is written to wherever somebody asks."""
    found = self._connection.execute(SQL["find_home"], {"home": stream.home}).fetchone()
    return Term(found[0]) if has("no fencing") and found is not None else find_standing(self, stream)


def applies(self: SqliteImports, stream: Stream, changes: Sequence[Change], **given: Any) -> None:
    if has("acknowledge before commit"):
        deferred.put((time.monotonic() + LATE, lambda: apply(self, stream, changes, **given)))
        return
    try:
        apply(self, stream, changes, **given)
    except (ImportFailed, SessionOvertaken):
        if not has("no duplicate check"):
            raise
        with self._held(stream, given["generation"]) as hold:
            bring_about(hold.connection, hold.record_set, prepared(changes).parcels)


def takes_every_batch(self: Importing, message: Batch | Piece) -> list[ImportAction]:
    """No duplicate check: what comes again is applied again."""
    is_old = message.session < self.progress.session or message.number < self._expected
    if has("no duplicate check") and isinstance(message, Batch) and message.change_sets and is_old:
        return [Apply(message)]
    return numbered(self, message)


def commit_late() -> None:
    while True:
        due, action = deferred.get()
        time.sleep(max(0.0, due - time.monotonic()))
        action()


if CHOSEN:
    _Group._find_standing = takes_every_write  # type: ignore[method-assign]
    SqliteImports.apply = applies  # type: ignore[method-assign]
    Importing._numbered = takes_every_batch  # type: ignore[method-assign]
    threading.Thread(target=commit_late, name="late commits", daemon=True).start()
