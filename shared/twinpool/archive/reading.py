"""Reading an archive that may be damaged, cut short or malicious.

Invariant: nothing is ever unpacked to a place that the archive names, nothing is read beyond what the manifest says,
and `verify` has seen every byte before anybody writes any.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from twinpool.archive.writing import FORMAT, MANIFEST, VERSION, Part, content_member, member_of
from twinpool.errors import InvalidRecord, MalformedMessage
from twinpool.modules.registry import Modules
from twinpool.vocabulary.change import Change, Record

MANIFEST_BYTES = 1024 * 1024
LINE_BYTES = 8 * 1024 * 1024
PIECE = 1024 * 1024

_MODULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}")
_CONTENT = re.compile(r"content/[0-9a-f]{64}")


class Archive:
    """One archive that is open."""

    def __init__(self, file: zipfile.ZipFile, document: dict[str, Any], parts: tuple[Part, ...]) -> None:
        self._zip, self.about, self.parts = file, document, parts

    def records(self, part: Part) -> Iterator[Record]:
        """Yield the records of a module. Raises `MalformedMessage` where they are not what the manifest says."""
        digest, left, last = hashlib.blake2b(digest_size=32), part.bytes, ("", "")
        count = 0
        with _damage(), self._zip.open(member_of(part.module)) as member:
            while line := member.readline(min(left, LINE_BYTES) + 1):
                left -= len(line)
                if left < 0 or not line.endswith(b"\n"):
                    raise _bad(f"{part.module} has a line that is too long, or more than the manifest says")
                digest.update(line)
                record = _record(line)
                if record[:2] <= last:
                    raise _bad(f"the records of {part.module} are not in order")
                last, count = (record.owner, record.key), count + 1
                yield record
        if (left, count, digest.hexdigest()) != (0, part.records, part.digest):
            raise _bad(f"the records of {part.module} are not what the manifest says")

    def content(self, digest: str) -> Iterator[bytes]:
        """Yield content in pieces."""
        with _damage(), self._zip.open(content_member(digest)) as member:
            while piece := member.read(PIECE):
                yield piece

    def verify(self, modules: Modules) -> None:
        """Read everything, and let the modules check every record. Raises `MalformedMessage`, `NotFound`."""
        names = set(self._zip.namelist())
        for part in self.parts:
            module = modules[part.module]
            for record in self.records(part):
                change = Change(*record)
                try:
                    module.check(change)
                    named = {content_member(one) for one in module.attachments(change)}
                except InvalidRecord as error:
                    raise _bad(f"a record of {part.module} is not sound: {error}") from error
                if missing := named - names:
                    raise _bad(f"{min(missing)} is missing")
        for name in sorted(names):
            if _CONTENT.fullmatch(name):
                digest = name.removeprefix("content/")
                found = hashlib.blake2b(digest_size=32)
                for piece in self.content(digest):
                    found.update(piece)
                if found.hexdigest() != digest:
                    raise _bad(f"{name} has another digest")

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


def open_archive(path: Path) -> Archive:
    """Open an archive and check its members. Raises `MalformedMessage`."""
    try:
        file = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise _bad(f"{path} is no archive of user data: {error}") from error
    try:
        document = _manifest(file)
        with _damage():
            parts = tuple(Part(**one) for one in document["modules"])
        _check_members(file, parts)
    except BaseException:  # whatever it is, the file must not stay open
        file.close()
        raise
    return Archive(file, document, parts)


def _manifest(file: zipfile.ZipFile) -> dict[str, Any]:
    with _damage(), file.open(MANIFEST) as member:
        text = member.read(MANIFEST_BYTES + 1)
        if len(text) > MANIFEST_BYTES:
            raise _bad("its manifest is too large")
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise _bad("its manifest is not one of user data")
        if document.get("version") != VERSION:
            raise _bad(f"it is of version {document.get('version')!r:.20}, and this is version {VERSION}")
        return document


def _check_members(file: zipfile.ZipFile, parts: tuple[Part, ...]) -> None:
    """Refuse members with other names, twice, overlapping (bombs), or of other sizes than the manifest says."""
    sizes = {member_of(part.module): part.bytes for part in parts}
    if len(sizes) != len(parts) or not all(_MODULE.fullmatch(part.module) for part in parts):
        raise _bad("its manifest names a module that cannot be, or one twice")
    seen: set[str] = set()
    for info in file.infolist():
        name = info.filename
        if name in seen or not (name == MANIFEST or name in sizes or _CONTENT.fullmatch(name)):
            raise _bad(f"it has a member {name!r:.80} that does not belong there")
        if name in sizes and info.file_size != sizes[name]:
            raise _bad(f"{name} is not as large as the manifest says")
        if name.startswith("content/") and info.compress_type != zipfile.ZIP_STORED:
            raise _bad(f"{name} is packed, which content never is")
        seen.add(name)
    if missing := sizes.keys() - seen:
        raise _bad(f"{min(missing)} is missing")
    ordered = sorted(file.infolist(), key=lambda info: info.header_offset)
    for info, following in pairwise(ordered):
        if info.header_offset + info.compress_size > following.header_offset:
            raise _bad(f"{info.filename} overlaps {following.filename}")


def _record(line: bytes) -> Record:
    document = json.loads(line)
    owner, key = document["owner"], document["key"]
    if type(owner) is not str or type(key) is not str or len(document) != 3:
        raise _bad("a line is no record")
    return Record(owner, key, base64.b64decode(document["value"], validate=True))


@contextmanager
def _damage() -> Iterator[None]:
    """Say of whatever a damaged archive makes the libraries raise that it is damaged."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _bad(f"it is damaged: {error}") from error
    except (OSError, NotImplementedError, RuntimeError) as error:  # encrypted, an unknown method, a disk that fails
        raise _bad(f"it cannot be read: {error}") from error


def _bad(what: str) -> MalformedMessage:
    return MalformedMessage(f"the archive is refused: {what}", field="FileName")
