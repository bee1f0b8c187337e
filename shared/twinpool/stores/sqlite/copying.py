"""A throw-away copy of a store, of one moment, made beside running writers."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from urllib.parse import quote

from twinpool.stores.sqlite.failures import store_errors
from twinpool.stores.sqlite.schema import BUSY_SECONDS
from twinpool.stores.sqlite.store import SqliteStore
from twinpool.stores.throw_away import CopyInUse
from twinpool.vocabulary.names import PoolFqdn


@contextmanager
def throw_away_copy(path: Path, pool: PoolFqdn) -> Iterator[SqliteStore]:
    """Lend a copy of the store in a file; it is gone afterwards, and so are those that a crash has left.

    The file itself is only read. Raises `CopyInUse` and `StoreUnavailable`.
    """
    path = path.absolute()
    with _alone(path):
        with store_errors(path):
            for leftover in path.parent.glob(f"{path.name}.drill-*"):
                shutil.rmtree(leftover)
            folder = Path(tempfile.mkdtemp(prefix=f"{path.name}.drill-", dir=path.parent))
        try:
            copied = folder / "copy.db"
            with store_errors(path):
                _copy(path, copied)
            with closing(SqliteStore(copied, pool)) as store:
                yield store
        finally:
            with store_errors(folder):
                shutil.rmtree(folder)


def _copy(path: Path, to: Path) -> None:
    """Copy in a single step, which reads one moment of the write-ahead log and keeps no writer waiting."""
    source = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    with closing(source), closing(sqlite3.connect(to)) as target:
        source.backup(target, pages=-1)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep others from taking our copy for a leftover; the kernel lets go for one that dies."""
    with path.with_name(f"{path.name}.drilling").open("wb") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise CopyInUse(f"a copy of {path} is in use") from error
        yield


__all__ = ["throw_away_copy"]
