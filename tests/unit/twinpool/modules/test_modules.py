"""What each of our modules takes, and what it refuses with which field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpool.errors import InvalidRecord
from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.data_conf import DataConf, FileEntry, decode_entry, encode_entry
from twinpool.modules.module import Category, Module
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.modules.record_rules import MAX_VALUE_BYTES
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Digest, Instant

DIGEST = Digest("ab" * 32)
ENTRY = FileEntry(digest=DIGEST, size=5, content_type="text/plain; charset=utf-8", modified_at=Instant(1.7e9))
VALUES: dict[type[Module], bytes] = {PresenceFocus: b"\x00\xff", DataConf: encode_entry(ENTRY), CmsMaster: b'{"a": 1}'}
each_module = pytest.mark.parametrize("kind", list(VALUES))


def field_refused(module: Module, change: Change) -> str:
    with pytest.raises(InvalidRecord) as caught:
        module.check(change)
    return caught.value.field


@each_module
@pytest.mark.parametrize("owner", ["ada", "sip:ada@example.com", "Ada Lovelace", "o" * 256, "алиса@пример"])
@pytest.mark.parametrize("key", ["presence", "contacts/bob@example.com", "k" * 512, "фото.png"])
def test_ordinary_names_are_taken(kind: type[Module], owner: str, key: str) -> None:
    kind().check(Change(owner, key, VALUES[kind]))
    kind().check(Change(owner, key, None))


@each_module
@pytest.mark.parametrize("name", ["", "a\nb", "a\0", "\x7f", "\x85", "\ud800", "x" * 513, "é" * 257 + "語" * 200])
def test_names_that_not_every_store_takes_are_refused(kind: type[Module], name: str) -> None:
    assert field_refused(kind(), Change(name, "key", VALUES[kind])) == "owner"
    if len(name) != 457:
        assert field_refused(kind(), Change("owner", name, VALUES[kind])) == "key"


@pytest.mark.parametrize("kind", [PresenceFocus, CmsMaster])
def test_a_value_above_a_mebibyte_is_refused(kind: type[Module]) -> None:
    fits = b'"' + b"x" * (MAX_VALUE_BYTES - 2) + b'"'

    kind().check(Change("owner", "key", fits))
    assert field_refused(kind(), Change("owner", "key", fits + b" ")) == "value"


def test_a_conference_file_names_its_content() -> None:
    assert list(DataConf().attachments(Change("conf", "a.txt", encode_entry(ENTRY)))) == [DIGEST]
    assert list(DataConf().attachments(Change("conf", "a.txt", None))) == []


@pytest.mark.parametrize("kind", [PresenceFocus, CmsMaster])
def test_other_records_name_no_content(kind: type[Module]) -> None:
    assert list(kind().attachments(Change("owner", "key", VALUES[kind]))) == []
    assert not kind().names_content


def test_an_entry_comes_back_as_it_was() -> None:
    assert decode_entry(encode_entry(ENTRY)) == ENTRY


@pytest.mark.parametrize("name", ["/etc/passwd", "..", "a/../b", "a//b", "./a", "a/", "."])
def test_a_file_name_that_leads_out_of_its_folder_is_refused(name: str) -> None:
    assert field_refused(DataConf(), Change("conf", name, encode_entry(ENTRY))) == "key"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("digest", "../" + "a" * 61),
        ("digest", "AB" * 32),
        ("digest", 7),
        ("digest", DIGEST + "\n"),
        ("size", -1),
        ("size", 2**63),
        ("size", True),
        ("size", 1.0),
        ("content_type", ""),
        ("content_type", "text/plain\r\nX: y"),
        ("content_type", None),
        ("modified_at", float("nan")),
        ("modified_at", "today"),
        ("modified_at", None),
    ],
)
def test_an_entry_with_a_wrong_part_is_refused(part: str, value: Any) -> None:
    parts = {"digest": DIGEST, "size": 5, "content_type": "text/plain", "modified_at": 1.0, part: value}

    assert field_refused(DataConf(), Change("conf", "a.txt", json.dumps(parts).encode())) == part


@given(st.binary() | st.text().map(str.encode) | st.just(b"[" * 100_000) | st.just(b'{"digest": "a"}'))
def test_anything_else_is_no_entry(value: bytes) -> None:
    assert field_refused(DataConf(), Change("conf", "a.txt", value)) == "value"


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"{'a': 1}", b"NaN", b'{"a": Infinity}', b"\xff", b'\xef\xbb\xbf{"a": 1}', b"[" * 100_000],
    ids=lambda value: repr(value[:20]),
)
def test_a_document_that_is_no_json_is_refused(value: bytes) -> None:
    assert field_refused(CmsMaster(), Change("policy", "a", value)) == "value"


def test_only_the_central_management_store_belongs_to_the_deployment() -> None:
    assert {kind: kind().category for kind in VALUES} == {
        PresenceFocus: Category.USER_DATA,
        DataConf: Category.USER_DATA,
        CmsMaster: Category.CMS,
    }
    assert [category.value for category in Category] == ["UserData", "CMS"]
