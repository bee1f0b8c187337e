"""Writing an archive, member by member, so that memory is flat whatever its size."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from twinpool.vocabulary.change import Record
from twinpool.vocabulary.names import Digest

FORMAT, VERSION = "twinpool-user-data", 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What the manifest says of one module."""

    module: str
    term: int
    position: int  #: all records are as of here
    records: int
    bytes: int  #: of the member, unpacked
    digest: str  #: BLAKE2b-256 of the member, unpacked


def member_of(module: str) -> str:
    """Name the member that holds a module's records."""
    return f"modules/{module}.ndjson"


def content_member(digest: str) -> str:
    """Name the member that holds content."""
    return f"content/{digest}"


class ArchiveWriter:
    """Writes one archive; `close` writes the manifest, without which it is none."""

    def __init__(self, path: Path) -> None:
        """Write to a file. Raises `OSError`."""
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self.parts: list[Part] = []
        self.content: set[str] = set()

    def add_module(self, module: str, records: Iterable[Record], *, term: int, position: int) -> None:
        """Write the records of a module, in order."""
        digest, size, count = hashlib.blake2b(digest_size=32), 0, 0
        with self._zip.open(member_of(module), "w", force_zip64=True) as member:
            for owner, key, value in records:
                document = {"owner": owner, "key": key, "value": base64.b64encode(value).decode("ascii")}
                line = json.dumps(document).encode() + b"\n"
                member.write(line)
                digest.update(line)
                size, count = size + len(line), count + 1
        self.parts.append(
            Part(module=module, term=term, position=position, records=count, bytes=size, digest=digest.hexdigest())
        )

    def add_content(self, digest: Digest, pieces: Iterable[bytes]) -> None:
        """Write content, unless it is there already; not packed, so that it cannot unpack to more than it is."""
        if digest in self.content:
            return
        self.content.add(digest)
        info = zipfile.ZipInfo(content_member(digest))
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)

    def close(self, **about: str) -> None:
        """Write the manifest and end the file."""
        document = {"format": FORMAT, "version": VERSION, **about, "content": len(self.content)}
        self._zip.writestr(MANIFEST, json.dumps({**document, "modules": [asdict(part) for part in self.parts]}))
        self._zip.close()

    def abandon(self) -> None:
        """Close the file without a manifest."""
        self._zip.close()
