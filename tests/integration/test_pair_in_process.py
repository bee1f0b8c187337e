"""A whole pair in this process: over fakes, and over SQLite and a real RabbitMQ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pairs import CMS, CONTACTS, FILES, P1, P2, RunningPair, eventually, memory_links, running_pair
from twinpool.brokers.memory import MemoryBroker
from twinpool.brokers.rabbitmq import RabbitmqLink
from twinpool.brokers.topology import CONTROL, quarantine_of, queue_to
from twinpool.errors import StoreUnavailable
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.ports.store import Store
from twinpool.stores.memory import MemoryStore
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD, BackupServiceConfiguration
from twinpool.vocabulary.names import CMS_HOME, Digest, Instant, PoolFqdn
from twinpool.vocabulary.states import ExportState, ImportState


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def pair(tmp_path: Path, broker: MemoryBroker) -> Iterator[RunningPair]:
    """A pair over fakes, for what a test has to break from inside."""
    with running_pair(tmp_path, MemoryStore, memory_links(broker)) as running:
        yield running


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.rabbitmq)])
def any_pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningPair]:
    """A pair over fakes, and one over SQLite and a real RabbitMQ."""
    if request.param == "fake":
        yield request.getfixturevalue("pair")
        return
    url: str = request.getfixturevalue("amqp_url")

    def store(fqdn: PoolFqdn) -> Store:
        return open_store(f"sqlite:///{tmp_path}/{fqdn}.db", fqdn)

    with running_pair(tmp_path, store, lambda topology: RabbitmqLink(url, topology)) as running:
        yield running


def test_what_is_written_in_one_pool_comes_to_the_other(any_pair: RunningPair) -> None:
    any_pair.first.put("contacts/bob", b"friend")
    any_pair.first.put("contacts/carol", b"friend")
    any_pair.first.write(CONTACTS, Change("alice@lab", "contacts/bob", None))

    any_pair.await_final()

    assert any_pair.in_step()
    assert [record.key for record in any_pair.second.records()] == ["contacts/carol"]


def test_the_pool_that_is_not_the_cms_master_reports_not_initialized(any_pair: RunningPair) -> None:
    """Claim 20, claim 24."""
    any_pair.await_final()

    first, second = (pool.status().modules[-1] for pool in (any_pair.first, any_pair.second))

    assert (first.export_state, first.import_state) == (ExportState.FINAL, ImportState.NORMAL)
    assert (second.export_state, second.import_state) == (ExportState.NOT_INITIALIZED, ImportState.NORMAL)


def test_the_status_is_one_way(pair: RunningPair, broker: MemoryBroker) -> None:
    """Claim 6: P1 to P2 may differ from P2 to P1."""
    pair.await_final()
    pair.second.stop_all()
    pair.first.put("contacts/bob", b"friend")

    assert pair.first.module().export_state is not ExportState.FINAL
    assert pair.second.module().export_state is ExportState.FINAL


def test_another_front_end_takes_over_where_the_last_one_stood(any_pair: RunningPair) -> None:
    """Claim 17: one front end is active, and another takes over."""
    any_pair.first.put("contacts/bob", b"friend")
    any_pair.await_final()
    any_pair.first.stop("fe1.pool1.lab")
    any_pair.first.put("contacts/carol", b"friend")

    any_pair.first.start(2)
    eventually(lambda: any_pair.first.active == "fe2.pool1.lab", "the other one is active")
    any_pair.await_final()

    assert any_pair.in_step()


def test_a_full_sync_replaces_what_differs(any_pair: RunningPair) -> None:
    """A record that was altered behind the stream's back is put right by sending everything anew."""
    any_pair.first.put("contacts/bob", b"friend")
    any_pair.await_final()
    progress = any_pair.second.store.import_progress(CONTACTS)
    assert progress.cursor is not None
    lease = any_pair.second.store.current_lease()
    assert lease is not None
    any_pair.second.store.apply(
        CONTACTS,
        [Change("alice@lab", "contacts/bob", b"altered")],
        session=progress.session,
        after=progress.cursor.position,
        upto=progress.cursor.position,
        generation=lease.generation,
    )

    any_pair.first.store.request_sync(CONTACTS, full=True)

    eventually(any_pair.in_step, "both pools are equal again")


def test_files_come_before_the_records_that_name_them(any_pair: RunningPair) -> None:
    content = bytes(range(256)) * 12_000  # three parts of a mebibyte
    incoming = any_pair.first.premises.content.incoming()
    with incoming:
        incoming.write(content)
        digest = incoming.keep().digest
    entry = FileEntry(digest=digest, size=len(content), content_type="image/png", modified_at=Instant(1.0))

    any_pair.first.write(FILES, Change("conference", "slides.png", encode_entry(entry)))
    any_pair.await_final()

    assert any_pair.in_step(FILES)
    with any_pair.second.premises.content.open(digest) as copy:
        assert hashlib.blake2b(copy.read(), digest_size=32).hexdigest() == digest


def test_a_file_whose_content_is_lost_is_an_error_that_ends_when_it_is_back(pair: RunningPair) -> None:
    """Claim 25, claim 26: new changes cannot be imported, and both sides say so."""
    content = b"minutes of the meeting"
    digest = Digest(hashlib.blake2b(content, digest_size=32).hexdigest())
    entry = FileEntry(digest=digest, size=len(content), content_type="text/plain", modified_at=Instant(1.0))
    pair.first.write(FILES, Change("conference", "minutes.txt", encode_entry(entry)))

    def states() -> tuple[ExportState, ImportState]:
        return pair.first.module(FILES.module).export_state, pair.second.module(FILES.module).import_state

    eventually(lambda: states() == (ExportState.ERROR, ImportState.ERROR), f"both say so: {states()}")
    eventually(lambda: digest in pair.first.module(FILES.module).reason, "the source says which content it is")

    with pair.first.premises.content.incoming() as incoming:
        incoming.write(content)
        incoming.keep()

    eventually(lambda: states() == (ExportState.FINAL, ImportState.NORMAL), f"both recover: {states()}")


def test_a_store_that_fails_while_importing_shows_on_both_sides_and_recovers(
    pair: RunningPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.await_final()

    def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(pair.second.store, "apply", full)
        pair.first.put("contacts/bob", b"friend")
        eventually(lambda: pair.first.module().export_state is ExportState.ERROR, "the source says so")
        assert "the disk is full" in pair.first.module().reason
        assert pair.second.module().import_state is ImportState.ERROR

    pair.await_final()
    assert pair.in_step()
    assert pair.second.module().import_state is ImportState.NORMAL


def test_a_failed_import_that_could_not_be_noted_is_noted_as_soon_as_that_is_possible(
    pair: RunningPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.await_final()

    def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(pair.second.store, "apply", full)
    with monkeypatch.context() as mute:
        mute.setattr(pair.second.store, "note_import", full)
        pair.first.put("contacts/bob", b"friend")
        eventually(lambda: pair.first.module().export_state is ExportState.ERROR, "the source says so")
        pair.first.stop_all()  # Nothing is tried again, so no other failure will be noted.
    eventually(lambda: pair.second.module().import_state is ImportState.ERROR, "the importing pool says so")
    assert "the disk is full" in pair.second.module().reason


def test_foreign_messages_are_set_aside_and_the_stream_goes_on(pair: RunningPair, broker: MemoryBroker) -> None:
    pair.await_final()
    for queue in (queue_to(P2, CONTACTS.module), queue_to(P1, CONTROL)):
        broker.inject(queue, content_type="text/plain", headers={"kind": "batch"}, body=b"\xff not ours")

    pair.first.put("contacts/bob", b"friend")
    pair.await_final()

    assert pair.in_step()
    eventually(lambda: len(broker.messages(quarantine_of(P2))) == 1, "one set aside for pool2")
    eventually(lambda: len(broker.messages(quarantine_of(P1))) == 1, "one set aside for pool1")


def test_a_broker_that_stops_is_an_error_and_the_stream_goes_on_when_it_is_back(
    pair: RunningPair, broker: MemoryBroker
) -> None:
    pair.await_final()
    broker.stop()
    pair.first.put("contacts/bob", b"friend")
    eventually(lambda: pair.first.module().export_state is ExportState.ERROR, "the source says so")

    broker.start()

    pair.await_final()
    assert pair.in_step()


def test_a_change_of_configuration_takes_effect_in_both_pools_without_a_restart(any_pair: RunningPair) -> None:
    """Claim 2."""
    document = BackupServiceConfiguration().changed(SyncInterval="00:03:00").to_document()
    change = Change(*CONFIGURATION_RECORD, json.dumps(document).encode())

    any_pair.first.write(CMS, change)

    eventually(
        lambda: any_pair.second.premises.configurations.current().sync_interval.total_seconds() == 180,
        "the other pool knows",
    )
    assert CMS.home == CMS_HOME


def test_a_change_of_configuration_is_known_by_its_commit_however_fresh_the_last_reading_is(
    any_pair: RunningPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed after it must not be handled by what was valid before."""
    any_pair.await_final()
    monkeypatch.setattr("twinpool_services.backup.configurations.FRESH_FOR", float("inf"))
    document = BackupServiceConfiguration().changed(SyncInterval="00:04:00").to_document()

    any_pair.first.write(CMS, Change(*CONFIGURATION_RECORD, json.dumps(document).encode()))

    known = [pool.premises.configurations for pool in (any_pair.first, any_pair.second)]
    eventually(lambda: all(each.current().sync_interval.total_seconds() == 240 for each in known), "both know")


def test_the_log_is_pruned_behind_acknowledgements(any_pair: RunningPair) -> None:
    committed = [any_pair.first.put(f"contacts/{number}", b"friend") for number in range(50)]
    any_pair.await_final()

    eventually(lambda: any_pair.first.store.oldest(CONTACTS) == committed[-1].position, "everything is pruned")
    assert any_pair.first.store.head(CONTACTS) == committed[-1].position
    assert any_pair.first.module().export_state is ExportState.FINAL


def test_a_partner_that_lost_its_store_is_filled_from_a_snapshot(tmp_path: Path, broker: MemoryBroker) -> None:
    source = MemoryStore(P1)
    source.close = lambda: None  # type: ignore[method-assign]  # it outlives the first pair
    with running_pair(tmp_path, lambda fqdn: source if fqdn == P1 else MemoryStore(fqdn), memory_links(broker)) as pair:
        for number in range(500):
            pair.first.put(f"contacts/{number:03}", b"friend")
        pair.await_final()
        eventually(lambda: source.oldest(CONTACTS) == source.head(CONTACTS), "the log is pruned")

    with running_pair(tmp_path, lambda fqdn: source if fqdn == P1 else MemoryStore(fqdn), memory_links(broker)) as pair:
        # Until the new partner is heard, the last word is the lost store's, and backs a green state while it is young.
        eventually(lambda: len(pair.second.records()) == 500, "the new store is filled")
        pair.await_final()

        assert pair.in_step()


def test_a_pool_that_lost_its_own_store_asks_the_operator_instead_of_being_refused_for_ever(
    tmp_path: Path, broker: MemoryBroker
) -> None:
    """Its generations begin anew; the partner has noted higher ones, and holds what must not be overwritten unasked."""
    target = MemoryStore(P2)
    target.close = lambda: None  # type: ignore[method-assign]  # it outlives the first pair
    with running_pair(tmp_path, lambda fqdn: target if fqdn == P2 else MemoryStore(fqdn), memory_links(broker)) as pair:
        for _ in range(3):
            pair.first.put("contacts/bob", b"friend")
            pair.await_final()
            pair.first.stop("fe1.pool1.lab")
            pair.first.start(1)
        pair.first.put("contacts/carol", b"friend")
        pair.await_final()
    noted = target.import_progress(CONTACTS).session

    with running_pair(tmp_path, lambda fqdn: target if fqdn == P2 else MemoryStore(fqdn), memory_links(broker)) as pair:
        pair.first.put("contacts/dave", b"friend")
        eventually(lambda: "force a full sync" in pair.first.module().reason, "the operator is asked")
        assert pair.first.module().export_state is ExportState.ERROR
        assert len(target.scan(CONTACTS, after=None, limit=10)) == 2

        pair.first.store.request_sync(CONTACTS, full=True)

        eventually(lambda: pair.first.module().export_state is ExportState.FINAL, "everything is sent anew")
        assert pair.in_step()
        assert [record.key for record in pair.second.records()] == ["contacts/dave"]
        lease = pair.first.store.current_lease()
        assert lease is not None
        assert lease.generation > noted.generation
        pair.first.put("contacts/erin", b"friend")
        eventually(pair.in_step, "the stream goes on")
