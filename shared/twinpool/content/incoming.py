"""How content comes in: from a client in one go, or piecemeal from another pool.

Invariant: a file stands under its digest only after its bytes were hashed, found right and forced to disk.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from twinpool.content.files import digest_of, disk_errors, locked, move_durably, write_at
from twinpool.errors import MalformedMessage
from twinpool.vocabulary.names import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Content that is durable."""

    digest: Digest
    size: int  #: bytes


class Incoming:
    """Takes content chunk by chunk, written aside; what is not kept when the block is left is forgotten."""

    def __init__(self, aside: Path, root: Path) -> None:
        """Write into `aside`, keep under `root`. Raises `StoreUnavailable`."""
        self._root = root
        self._hash = hashlib.blake2b(digest_size=32)
        self.size = 0  #: bytes taken so far
        with disk_errors("content coming in"):
            self._descriptor, name = tempfile.mkstemp(suffix=".part", dir=aside)
        self._path = Path(name)

    def write(self, chunk: bytes) -> None:
        """Take the next chunk. Raises `StoreUnavailable`."""
        with disk_errors("content coming in"):
            write_at(self._descriptor, self.size, chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def keep(self, expected: Digest | None = None) -> Stored:
        """Make it durable under its digest. Raises `MalformedMessage` if another one was expected."""
        digest = Digest(self._hash.hexdigest())
        if expected is not None and digest != expected:
            raise MalformedMessage(f"the content has digest {digest} instead of {expected}", field="digest")
        with disk_errors(f"content {digest}"):
            os.fsync(self._descriptor)
            move_durably(self._path, path_of(self._root, digest))
        return Stored(digest=digest, size=self.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with disk_errors("content coming in"):
            os.close(self._descriptor)
            self._path.unlink(missing_ok=True)  # Nothing is there any more if it was kept.


class Partial:
    """Content that comes in piecemeal and survives restarts, known by the digest that it should have.

    Several processes may write to it, for each holds the file's lock meanwhile; what they write is equal, or the
    digest shows it in the end. `size` bytes from the beginning are here, never more with a hole before them.
    """

    def __init__(self, path: Path, digest: Digest, root: Path) -> None:
        """Keep it at `path` until it is complete, then under `root`."""
        self._path, self._digest, self._root = path, digest, root

    @property
    def size(self) -> int:
        """How many bytes are here. Raises `StoreUnavailable`."""
        with disk_errors(f"part of content {self._digest}"):
            try:
                return self._path.stat().st_size
            except FileNotFoundError:
                return 0

    def write(self, offset: int, data: bytes) -> int:
        """Write data at an offset and return the new size; what would leave a hole is not written.

        Raises `StoreUnavailable`, for example when the disk is full; what was here before stays.
        """
        with disk_errors(f"part of content {self._digest}"), self._opened() as descriptor:
            size = os.fstat(descriptor).st_size
            if offset <= size < offset + len(data):
                write_at(descriptor, offset, data)
                return offset + len(data)
            return size

    def complete(self, total: int) -> Stored:
        """Make it durable under its digest. Raises `MalformedMessage`, and forgets it, if size or digest are wrong."""
        with disk_errors(f"part of content {self._digest}"), self._opened() as descriptor:
            size = os.fstat(descriptor).st_size
            if size != total or digest_of(self._path) != self._digest:
                self._path.unlink()
                what = f"what was fetched as content {self._digest} is something else, of {size} bytes"
                raise MalformedMessage(what, field="digest")
            os.fsync(descriptor)
            move_durably(self._path, path_of(self._root, self._digest))
        return Stored(digest=self._digest, size=size)

    def discard(self) -> None:
        """Forget it. Raises `StoreUnavailable`."""
        with disk_errors(f"part of content {self._digest}"):
            self._path.unlink(missing_ok=True)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the file and hold its lock.

        Another process may have completed or discarded it between the two; then what we hold is no longer the
        partial, must not be touched, and another one is begun.
        """
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o640)
            try:
                with locked(descriptor, exclusive=True):
                    if self._is_at_path(descriptor):
                        yield descriptor
                        return
            finally:
                os.close(descriptor)

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False


def path_of(root: Path, digest: Digest) -> Path:
    """Tell where content of a digest stands; the digest has been checked."""
    return root / digest[:2] / digest
