from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from twinpool.archive import ArchiveWriter, open_archive
from twinpool.errors import MalformedMessage
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.change import Record
from twinpool.vocabulary.names import Digest, Instant

MODULES = load_modules()
PRESENCE, DATA_CONF, _ = MODULES.names
CONTENT = b"slides" * 1000
DIGEST = Digest(hashlib.blake2b(CONTENT, digest_size=32).hexdigest())
ENTRY = encode_entry(FileEntry(digest=DIGEST, size=len(CONTENT), content_type="text/plain", modified_at=Instant(1.5)))
USERS = [
    Record("ada@lab", "contacts/a\\b", b""),
    Record("ada@lab", "k", b"\x00v"),
    Record("ä@lab", "contacts/1", b""),
]


def write(path: Path, users: list[Record] = USERS, content: bytes = CONTENT) -> Path:
    writer = ArchiveWriter(path)
    writer.add_module(PRESENCE, users, term=1, position=7)
    writer.add_module(DATA_CONF, [Record("weekly", "a.txt", ENTRY)], term=1, position=3)
    writer.add_content(DIGEST, [content[:10], content[10:]])
    writer.close(home="pool1.lab")
    return path


def verify(path: Path) -> None:
    archive = open_archive(path)
    try:
        archive.verify(MODULES)
    finally:
        archive.close()


def rewritten(path: Path, **members: bytes | None) -> Path:
    """Write an archive again with some members replaced, left out (None) or added."""
    other = path.with_suffix(".bad")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = members.pop(info.filename, old.read(info))
            if data is not None:
                new.writestr(info, data)
        for name, data in members.items():
            new.writestr(name, data or b"")
    return other


def test_what_is_written_is_read(tmp_path: Path) -> None:
    archive = open_archive(write(tmp_path / "a.zip"))
    archive.verify(MODULES)

    assert list(archive.records(archive.parts[0])) == USERS
    assert (archive.parts[0].position, archive.about["home"]) == (7, "pool1.lab")
    assert b"".join(archive.content(DIGEST)) == CONTENT
    archive.close()


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "content/../../x", "modules/other.ndjson", "a\\b"])
def test_a_member_that_does_not_belong_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MalformedMessage, match="does not belong"):
        open_archive(rewritten(write(tmp_path / "a.zip"), **{name: b"x"}))


def test_content_with_another_digest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedMessage, match="another digest"):
        verify(write(tmp_path / "a.zip", content=b"other"))


def test_content_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedMessage, match="is missing"):
        verify(rewritten(write(tmp_path / "a.zip"), **{f"content/{DIGEST}": None}))


def test_records_that_were_changed_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip")
    with zipfile.ZipFile(path) as file:
        lines = file.read(f"modules/{PRESENCE}.ndjson")
    with pytest.raises(MalformedMessage, match="not what the manifest says"):
        verify(rewritten(path, **{f"modules/{PRESENCE}.ndjson": lines.replace(b'"k"', b'"l"')}))


def test_records_out_of_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedMessage, match="not in order"):
        verify(write(tmp_path / "a.zip", users=USERS[::-1]))


def test_a_file_cut_short_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.zip").read_bytes()
    for length in range(0, len(whole), 97):
        cut = tmp_path / "cut.zip"
        cut.write_bytes(whole[:length])
        with pytest.raises(MalformedMessage):
            verify(cut)


def test_a_bomb_is_refused_without_being_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip")
    with pytest.raises(MalformedMessage, match="too large"):
        open_archive(rewritten(path, **{"manifest.json": b" " * 50_000_000}))
    with pytest.raises(MalformedMessage, match="not as large"):
        open_archive(rewritten(path, **{f"modules/{PRESENCE}.ndjson": b" " * 50_000_000}))


def test_an_archive_of_another_version_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip")
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
    changed = json.dumps({**manifest, "version": 2}).encode()
    with pytest.raises(MalformedMessage, match="version 2"):
        open_archive(rewritten(path, **{"manifest.json": changed}))
