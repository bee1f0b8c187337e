"""The content store of a pool: a directory beside the pool store, shared by the pool's processes.

`<root>/<aa>/<digest>` holds what is complete, `<root>/incoming/` what is not. Nothing is ever changed in place, so
that readers need no lock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from twinpool.content.files import checked, digest_of, disk_errors, locked, make_directories, reading
from twinpool.content.incoming import Incoming, Partial, path_of
from twinpool.errors import ContentMissing
from twinpool.vocabulary.names import Digest

#: How long content is kept that nothing refers to: the record that names it may be on its way, or staged in a
#: snapshot that takes its time.
GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep removed."""

    files: int
    bytes: int


class ContentStore:
    """Content by digest. Safe to use from many threads and processes.

    Every method may raise `StoreUnavailable` with the reason, and `MalformedMessage` for what is no digest.
    """

    def __init__(self, root: Path) -> None:
        """Use a directory, which is made unless it exists."""
        self.root = root
        self._aside = root / "incoming"
        with disk_errors(f"content store {root}"):
            make_directories(root, ["incoming", *(f"{number:02x}" for number in range(256))])

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def has(self, digest: Digest) -> bool:
        """Tell whether content is here."""
        path = self._path(digest)
        with disk_errors(f"content {digest}"):
            return path.is_file()

    def size(self, digest: Digest) -> int:
        """Return how many bytes it has. Raises `ContentMissing`."""
        with reading(digest):
            return self._path(digest).stat().st_size

    def open(self, digest: Digest) -> BinaryIO:
        """Open it for reading; the caller closes it. Raises `ContentMissing`."""
        with reading(digest):
            return self._path(digest).open("rb")

    def read_part(self, digest: Digest, offset: int, length: int) -> bytes:
        """Read some of it, less where it ends. Raises `ContentMissing`."""
        with reading(digest), self._path(digest).open("rb", buffering=0) as file:
            return os.pread(file.fileno(), length, offset)

    def verify(self, digest: Digest) -> None:
        """Read all of it. Raises `ContentMissing` if it is not here or no longer what it was."""
        with reading(digest):
            found = digest_of(self._path(digest))
        if found != digest:
            raise ContentMissing(f"content {digest} is damaged: it now has digest {found}")

    def digests(self) -> Iterator[Digest]:
        """Name all content that is here, in no order."""
        return (Digest(path.name) for path in self._complete())

    def total_size(self) -> int:
        """Return how many bytes all content has together, without what is still coming in."""
        return sum(size for size in map(_size_or_none, self._complete()) if size is not None)

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

    def incoming(self) -> Incoming:
        """Begin to take content from a client; use it as a context manager."""
        return Incoming(self._aside, self.root)

    def partial(self, digest: Digest) -> Partial:
        """Return what is here of content that is being fetched, to go on with it."""
        return Partial(self._aside / f"{checked(digest)}.partial", digest, self.root)

    def hold(self, digest: Digest) -> bool:
        """Tell whether content is here, and if so keep it for the time of grace, for a record will soon name it."""
        path = self._path(digest)
        with disk_errors(f"content store {self.root}"), self._lock(exclusive=False):
            try:
                os.utime(path)
            except FileNotFoundError:
                return False
            return True

    def remove(self, digest: Digest) -> None:
        """Remove content, damaged content say; nothing happens if it is not here."""
        with disk_errors(f"content {digest}"):
            self._path(digest).unlink(missing_ok=True)

    def sweep(self, is_referenced: Callable[[Digest], bool], *, older_than: timedelta = GRACE) -> Swept:
        """Remove what no record names, and what was begun and given up, unless it is younger than the grace."""
        limit = time.time() - older_than.total_seconds()
        orphans = (path for path in self._complete() if not is_referenced(Digest(path.name)))
        with disk_errors(f"content store {self.root}"):
            expired = (self._expire(path, limit) for path in (*orphans, *self._aside.iterdir()))
            removed = [size for size in expired if size is not None]
        return Swept(files=len(removed), bytes=sum(removed))

    def _expire(self, path: Path, limit: float) -> int | None:
        """Remove a file unless it was touched after `limit`; return its size if it went.

        Under the lock, so that nobody can hold it between the look and the removal.
        """
        with self._lock(exclusive=True):
            try:
                status = path.stat()
                if status.st_mtime > limit:
                    return None
                path.unlink()
            except FileNotFoundError:
                return None
            return status.st_size

    def _path(self, digest: Digest) -> Path:
        return path_of(self.root, checked(digest))

    def _complete(self) -> Iterator[Path]:
        with disk_errors(f"content store {self.root}"):
            yield from (path for path in self.root.glob("[0-9a-f][0-9a-f]/*") if len(path.name) == 64)

    @contextmanager
    def _lock(self, *, exclusive: bool) -> Iterator[None]:
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o640)
        try:
            with locked(descriptor, exclusive=exclusive):
                yield
        finally:
            os.close(descriptor)


def _size_or_none(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # swept meanwhile
        return None
