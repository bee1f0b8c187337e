"""What clients send becomes a transaction, or an error that names the field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twinpool.content.store import ContentStore
from twinpool.errors import InvalidRecord, TooLarge
from twinpool.modules.data_conf import DataConf, FileEntry, encode_entry
from twinpool.modules.module import Module, RecordModule
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Digest, Home, Instant, ModuleName, Stream
from twinpool.wire import decode_changes
from twinpool_services.frontend.changes import Acceptance, changes_of_json
from twinpool_services.frontend.limits import Limits

PUT = {"op": "put", "owner": "ada", "key": "k", "value": "dmFsdWU="}
DELETE = {"op": "delete", "owner": "ada", "key": "k"}


class TakesAnything(RecordModule):
    """A plug-in that checks nothing."""

    name = ModuleName("Plugin.Anything")
    short_name = "Anything"


def acceptance(module: Module, folder: Path, limits: Limits | None = None) -> Acceptance:
    stream = Stream(Home("pool1.lab"), module.name)
    return Acceptance(stream, module, ContentStore(folder), limits or Limits())


def json_of(*changes: object) -> bytes:
    return json.dumps({"changes": changes}).encode()


def test_puts_and_deletes_are_read_in_order() -> None:
    assert changes_of_json(json_of(PUT, DELETE)) == [Change("ada", "k", b"value"), Change("ada", "k", None)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"\xff", ""),
        (b"[]", "changes"),
        (b'{"changes": {}}', "changes"),
        (b'{"changes": [], "more": 1}', "changes"),
        (json_of(3), "changes[0]"),
        (json_of(PUT, {**PUT, "op": "move"}), "changes[1].op"),
        (json_of({**PUT, "value": "%%%"}), "changes[0].value"),
        (json_of({**PUT, "value": None}), "changes[0].value"),
        (json_of({**PUT, "value": "é"}), "changes[0].value"),
        (json_of({**PUT, "owner": 7}), "changes[0].owner"),
        (json_of({"op": "put", "owner": "a"}), "changes[0].key"),
        (json_of({**DELETE, "value": "dmFsdWU="}), "changes[0].value"),
        (json_of({**PUT, "surprise": 1}), "changes[0]"),
        (b"[" * 100_000, ""),
    ],
)
def test_what_is_no_transaction_names_the_field(body: bytes, field: str) -> None:
    with pytest.raises(InvalidRecord) as raised:
        changes_of_json(body)

    assert raised.value.field == field


def test_a_transaction_carries_its_changes_and_their_payload(tmp_path: Path) -> None:
    changes = [Change("ada", "k", b"v"), Change("bob", "k", None)]

    transaction = acceptance(PresenceFocus(), tmp_path).transaction(changes)

    assert list(transaction.changes) == changes
    assert decode_changes(transaction.payload) == changes


@pytest.mark.parametrize(
    "change",
    [
        Change("", "k", b""),
        Change("ada", "", b""),
        Change("a\0", "k", b""),
        Change("ada", "\ud800", b""),
        Change("a" * 10_000, "k", b""),
        Change("ada", "é" * 512 + "x", b""),
    ],
)
@pytest.mark.parametrize("module", [PresenceFocus(), TakesAnything()], ids=["ours", "plug-in"])
def test_names_that_no_store_can_keep_are_refused_for_every_module(
    change: Change, module: Module, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRecord) as raised:
        acceptance(module, tmp_path).transaction([change])

    assert raised.value.field in {"owner", "key"}


def test_the_field_of_one_of_several_changes_says_which(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecord) as raised:
        acceptance(PresenceFocus(), tmp_path).transaction([Change("ada", "k", b""), Change("", "k", b"")])

    assert raised.value.field == "changes[1].owner"


def test_an_empty_transaction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecord):
        acceptance(PresenceFocus(), tmp_path).transaction([])


@pytest.mark.parametrize(
    "changes", [[Change("ada", "k", None)] * 4, [Change("ada", "k", b"x" * 2_000)]], ids=["changes", "bytes"]
)
def test_a_transaction_that_is_too_large_is_refused(changes: list[Change], tmp_path: Path) -> None:
    limits = Limits(transaction_changes=3, transaction_bytes=1_000)

    with pytest.raises(TooLarge):
        acceptance(PresenceFocus(), tmp_path, limits).transaction(changes)


def test_a_record_cannot_name_content_that_is_not_here(tmp_path: Path) -> None:
    entry = FileEntry(digest=Digest("0" * 64), size=1, content_type="text/plain", modified_at=Instant(0.0))

    with pytest.raises(InvalidRecord) as raised:
        acceptance(DataConf(), tmp_path).transaction([Change("conf", "a.txt", encode_entry(entry))])

    assert raised.value.field == "value"
