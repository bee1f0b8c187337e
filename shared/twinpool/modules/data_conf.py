"""ConfServices.DataConf: files of conferences. A record names the content by its digest; the content travels apart."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from twinpool.errors import InvalidRecord
from twinpool.modules.module import Category, RecordModule
from twinpool.modules.record_rules import check_key, check_owner
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Digest, Instant, ModuleName

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONTENT_TYPE = re.compile(r"[\x20-\x7e]{1,255}")
_MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """What a record of a conference file says."""

    digest: Digest  #: of the content
    size: int  #: bytes
    content_type: str  #: media type, printable ASCII
    modified_at: Instant


def encode_entry(entry: FileEntry) -> bytes:
    """Write an entry as JSON; equal entries are written equally. Raises `InvalidRecord` if it is not sound."""
    return json.dumps(asdict(_checked(entry)), separators=(",", ":"), sort_keys=True).encode()


def decode_entry(value: bytes) -> FileEntry:
    """Read what `encode_entry` wrote. Raises `InvalidRecord`."""
    try:
        parts = json.loads(value.decode())
        return _checked(FileEntry(**parts))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidRecord(f"value is no entry of a file: {error}", field="value") from error


class DataConf(RecordModule):
    """Owner: the identity of a conference. Key: the name of a file, with `/` between folders. Value: a `FileEntry`."""

    name = ModuleName("ConfServices.DataConf")
    short_name = "DataConf"
    category = Category.USER_DATA
    names_content = True

    def check(self, change: Change) -> None:
        """Check owner and file name, and that the value is the entry of a file."""
        check_owner(change.owner)
        check_file_name(change.key)
        if change.value is not None:
            decode_entry(change.value)

    def attachments(self, change: Change) -> Iterable[Digest]:
        """Name the content of the file. Raises `InvalidRecord` if the record is no entry of a file."""
        return () if change.value is None else (decode_entry(change.value).digest,)


def check_file_name(name: str) -> None:
    """Take a relative name that stays inside its folder wherever it is unpacked. Raises `InvalidRecord`."""
    check_key(name)
    if {"", ".", ".."} & set(name.split("/")):
        raise InvalidRecord(f"key {name!r:.80} is no relative name of a file", field="key")


def _checked(entry: FileEntry) -> FileEntry:
    if type(entry.digest) is not str or not _HEX_DIGEST.fullmatch(entry.digest):
        raise InvalidRecord("digest is not 64 hexadecimal digits", field="digest")
    if type(entry.size) is not int or not 0 <= entry.size <= _MAX_SIZE:
        raise InvalidRecord("size is no number of bytes", field="size")
    if type(entry.content_type) is not str or not _CONTENT_TYPE.fullmatch(entry.content_type):
        raise InvalidRecord("content_type is no media type", field="content_type")
    if type(entry.modified_at) not in {int, float} or not math.isfinite(entry.modified_at):
        raise InvalidRecord("modified_at is no point in time", field="modified_at")
    return entry
