"""Times the calls that a front end makes to its pool store."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

from twinpool.errors import StoreUnavailable
from twinpool.ports.store import Store
from twinpool_services.telemetry import catalogue as of
from twinpool_services.telemetry.board import Board

#: Methods that are timed, under the word that they are told by.
OPERATIONS = {
    "write": "commit",
    "read": "read",
    "scan": "scan",
    "collect": "collect",
    "apply": "apply",
    "stage": "stage",
    "swap_in": "swap_in",
    "note_acknowledged": "note",
    "renew_lease": "renew_lease",
    "prune": "prune",
}


def timed_store(store: Store, board: Board) -> Store:
    """Return a store whose calls are timed and whose failures are counted; otherwise it is the same one."""
    return cast("Store", _TimedStore(store, board))


class _TimedStore:
    """Hands everything on to a store."""

    def __init__(self, store: Store, board: Board) -> None:
        self._store, self._board = store, board

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if (operation := OPERATIONS.get(name)) is not None:
            found = _timed(found, operation, self._board)
            # Found at once from now on; the methods of a store never change.
            setattr(self, name, found)
        return found


def _timed(method: Callable[..., Any], operation: str, board: Board) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            return method(*args, **kwargs)
        except StoreUnavailable:
            board.count(of.STORE_ERRORS, operation)
            raise
        finally:
            board.observe(of.STORE_SECONDS, time.monotonic() - began, operation)

    return call
