"""The few ways in which content touches a disk, each durable or locked as it has to be."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twinpool.errors import ContentMissing, MalformedMessage, StoreUnavailable
from twinpool.vocabulary.names import Digest

CHUNK = 1024 * 1024  #: bytes that are in memory at once

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


def checked(digest: str) -> Digest:
    """Take a digest before it becomes part of a path. Raises `MalformedMessage`."""
    if not _HEX_DIGEST.fullmatch(digest):
        raise MalformedMessage("a digest is 64 lower-case hexadecimal digits", field="digest")
    return Digest(digest)


def digest_of(path: Path) -> Digest:
    """Compute the BLAKE2b-256 digest of a file."""
    with path.open("rb") as file:
        return Digest(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest())


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn the operating system's errors into `StoreUnavailable` with the reason."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{what}: {error.strerror or error}") from error


@contextmanager
def reading(digest: Digest) -> Iterator[None]:
    """Turn them likewise, but what is not there into `ContentMissing`."""
    with disk_errors(f"content {digest}"):
        try:
            yield
        except FileNotFoundError as error:
            raise ContentMissing(f"content {digest} is not here") from error


@contextmanager
def locked(descriptor: int, *, exclusive: bool) -> Iterator[None]:
    """Hold the lock of an open file, against other processes and other threads that opened it for themselves."""
    fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def write_at(descriptor: int, offset: int, data: bytes) -> None:
    """Write all of it."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def make_directories(root: Path, names: Iterable[str]) -> None:
    """Make directories that survive a crash, where they are not there yet."""
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
    _sync_directory(root)


def move_durably(source: Path, target: Path) -> None:
    """Rename a file whose data is on disk already, so that after a crash it is there whole or not at all."""
    source.replace(target)
    _sync_directory(target.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
