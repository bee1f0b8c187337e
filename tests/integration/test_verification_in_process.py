"""A pair in this process is verified: what differs is found, nothing else is, and only that is sent again."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.pairs import (
    CONTACTS,
    FILES,
    MODULES,
    P1,
    P2,
    RunningPair,
    RunningPool,
    eventually,
    memory_links,
    running_pair,
)
from twinpool.brokers.memory import MemoryBroker
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.ports.store import Store
from twinpool.stores.memory import MemoryStore
from twinpool.stores.opening import open_store
from twinpool.verification.document import Progress, Verification, What
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Digest, Instant, PoolFqdn, Term
from twinpool_services.backup import find_verification, request_verification
from twinpool_services.backup.verification.wishes import VerificationUnderWay


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[RunningPair]:
    """A pair over SQLite files, in which a test can change what lies there, and a broker in memory."""

    def store(fqdn: PoolFqdn) -> Store:
        return open_store(f"sqlite:///{tmp_path}/{fqdn}.db", fqdn)

    with running_pair(tmp_path, store, memory_links(MemoryBroker())) as running:
        running.await_final()
        yield running


def tamper(directory: Path, statement: str, *parameters: object) -> None:
    """Change the backup pool's records behind everybody's back."""
    with closing(sqlite3.connect(directory / f"{P2}.db", timeout=20, isolation_level=None)) as connection:
        assert connection.execute(statement, parameters).rowcount == 1


def verify(
    pool: RunningPool, module: str = "PresenceFocus", *, resync: bool = False, suppress: bool = False
) -> Verification:
    store, laid_out = pool.store, pool.premises.deployment
    chosen = MODULES.select(module)
    wish = request_verification(store, laid_out, chosen, resync=resync, suppress_multi_master=suppress)
    eventually(lambda: find_verification(store, wish.identity).is_over, "the verification is over", 120)
    return find_verification(store, wish.identity)


@contextmanager
def busy(pool: RunningPool) -> Iterator[None]:
    """Write all the time, to old records and new ones, and delete some."""
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.wait(0.001):
            number += 1
            pool.put(f"live/{number % 50:03}", os.urandom(20))
            pool.put(f"contacts/{number % 3000:05}", os.urandom(20), owner="load@lab")
            pool.write(CONTACTS, Change("alice@lab", f"live/{(number * 7) % 50:03}", None))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


def fill(pool: RunningPool, count: int = 3000) -> None:
    for start in range(0, count, 1000):
        numbers = range(start, min(start + 1000, count))
        pool.write(CONTACTS, *(Change("load@lab", f"contacts/{number:05}", os.urandom(20)) for number in numbers))


def test_pools_in_step_are_equal(pair: RunningPair) -> None:
    fill(pair.first)
    pair.await_final()

    verification = verify(pair.first, "All")

    assert verification.is_clean
    assert [one.module for one in verification.modules] == [
        "CentralMgmt.CMSMaster",
        "UserServices.PresenceFocus",
        "ConfServices.DataConf",
    ]
    assert verification.modules[1].compared == 3000


def test_each_kind_of_difference_is_named(pair: RunningPair, tmp_path: Path) -> None:
    fill(pair.first)
    pair.await_final()
    tamper(tmp_path, "UPDATE record SET value = x'00' WHERE key = 'contacts/00042'")
    tamper(tmp_path, "DELETE FROM record WHERE key = 'contacts/02999'")
    tamper(tmp_path, "INSERT INTO record SELECT set_id, 'zoe@lab', key, value FROM record WHERE key = 'contacts/00000'")

    verification = verify(pair.first)

    (one,) = verification.modules
    assert not verification.is_clean
    assert one.found == {What.DIFFERENT: 1, What.MISSING: 1, What.EXTRA: 1}
    assert {(each.owner, each.key, each.what) for each in one.differences} == {
        ("load@lab", "contacts/00042", What.DIFFERENT),
        ("load@lab", "contacts/02999", What.MISSING),
        ("zoe@lab", "contacts/00000", What.EXTRA),
    }
    assert one.remaining == 3
    assert one.resent == 0


def test_what_differs_is_sent_again_and_nothing_else(pair: RunningPair, tmp_path: Path) -> None:
    fill(pair.first)
    pair.await_final()
    tamper(tmp_path, "UPDATE record SET value = x'00' WHERE key = 'contacts/00042'")
    tamper(tmp_path, "INSERT INTO record SELECT set_id, 'zoe@lab', key, value FROM record WHERE key = 'contacts/00000'")
    before = pair.first.store.head(CONTACTS)

    verification = verify(pair.first, resync=True)

    (one,) = verification.modules
    assert verification.is_clean
    assert (one.differing, one.resent, one.remaining) == (2, 2, 0)
    assert pair.first.store.head(CONTACTS) == before + 1
    assert pair.in_step()


def test_live_writes_are_no_differences(pair: RunningPair) -> None:
    fill(pair.first)

    with busy(pair.first):
        rounds = [verify(pair.first) for _ in range(5)]

    assert [each.is_clean for each in rounds] == [True] * 5


def test_a_flipped_record_is_found_among_live_writes_and_sent_again(pair: RunningPair, tmp_path: Path) -> None:
    fill(pair.first)
    pair.first.put("still", b"one that nobody writes to")
    pair.await_final()
    tamper(tmp_path, "UPDATE record SET value = x'00' WHERE key = 'still'")

    with busy(pair.first):
        verification = verify(pair.first, resync=True)

    (one,) = verification.modules
    assert [(each.key, each.what) for each in one.differences] == [("still", What.DIFFERENT)]
    assert (one.resent, one.remaining) == (1, 0)
    pair.await_final()
    assert pair.in_step()


def test_a_replica_that_lags_is_waited_for(pair: RunningPair) -> None:
    fill(pair.first)
    pair.await_final()
    pair.second.stop_all()
    pair.first.put("contacts/late", b"later")
    wish = request_verification(
        pair.first.store,
        pair.first.premises.deployment,
        MODULES.select("PresenceFocus"),
        resync=False,
        suppress_multi_master=False,
    )
    with pytest.raises(VerificationUnderWay):
        verify(pair.first)

    pair.second.start(1)

    eventually(lambda: find_verification(pair.first.store, wish.identity).is_over, "the verification is over")
    assert find_verification(pair.first.store, wish.identity).is_clean


def test_a_verification_survives_the_active_front_end(pair: RunningPair) -> None:
    fill(pair.first)
    pair.await_final()
    pair.second.stop_all()
    wish = request_verification(
        pair.first.store,
        pair.first.premises.deployment,
        MODULES.select("All"),
        resync=False,
        suppress_multi_master=False,
    )
    eventually(lambda: find_verification(pair.first.store, wish.identity).progress is Progress.RUNNING, "it has begun")

    pair.first.stop_all()
    pair.first.start(2)
    pair.second.start(2)

    eventually(lambda: find_verification(pair.first.store, wish.identity).is_over, "the verification is over")
    assert find_verification(pair.first.store, wish.identity).is_clean


def test_two_pools_that_serve_one_home_are_reported(tmp_path: Path) -> None:
    stores = {fqdn: MemoryStore(fqdn) for fqdn in (P1, P2)}
    stores[P2].declare_home(HomeStatus(home=CONTACTS.home, term=Term(1), serving_pool=P2, mode=Mode.READ_WRITE))
    with running_pair(tmp_path, stores.__getitem__, memory_links(MemoryBroker())) as pair:
        told = verify(pair.first)
        suppressed = verify(pair.first, suppress=True)

    assert told.multi_master == (CONTACTS.home,)
    assert suppressed.multi_master == ()
    assert [each.modules[0].progress for each in (told, suppressed)] == [Progress.FAILED] * 2
    assert "serves" in told.modules[0].reason


# ── content ─────────────────────────────────────────────────────────────────────────────────────────────────


def upload(pool: RunningPool, name: str, data: bytes) -> Digest:
    with pool.premises.content.incoming() as incoming:
        incoming.write(data)
        digest = incoming.keep().digest
    entry = FileEntry(digest=digest, size=len(data), content_type="text/plain", modified_at=Instant(1.0))
    pool.write(FILES, Change("conference1", name, encode_entry(entry)))
    return digest


def path_of(pool: RunningPool, digest: Digest) -> Path:
    return pool.premises.content.root / digest[:2] / digest


Break = Callable[[Path], object]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"other")], ids=["missing", "damaged"])
def test_a_file_of_the_backup_pool_is_fetched_again(pair: RunningPair, damage: Break) -> None:
    digest, sound = (upload(pair.first, name, name.encode()) for name in ("slides", "notes"))
    pair.await_final()
    damage(path_of(pair.second, digest))

    found = verify(pair.first, "DataConf").modules[0]
    repaired = verify(pair.first, "DataConf", resync=True)

    assert found.found == {What.CONTENT: 1}
    assert [(each.owner, each.key, each.what) for each in found.differences] == [
        ("conference1", "slides", What.CONTENT)
    ]
    assert (found.files, found.remaining) == (2, 1)
    assert repaired.is_clean
    assert (repaired.modules[0].resent, repaired.modules[0].fetched) == (1, 0)
    assert path_of(pair.second, digest).read_bytes() == b"slides"
    assert path_of(pair.second, sound).read_bytes() == b"notes"


def test_a_damaged_file_of_the_serving_pool_is_fetched_back(pair: RunningPair) -> None:
    digest = upload(pair.first, "slides", b"slides")
    pair.await_final()
    path_of(pair.first, digest).write_bytes(b"other")

    repaired = verify(pair.first, "DataConf", resync=True)

    assert repaired.modules[0].found == {What.OWN_CONTENT: 1}
    assert repaired.is_clean
    assert (repaired.modules[0].resent, repaired.modules[0].fetched) == (0, 1)
    assert path_of(pair.first, digest).read_bytes() == b"slides"


def test_a_file_that_nobody_has_any_more_blocks_nothing(pair: RunningPair) -> None:
    digest = upload(pair.first, "slides", b"slides")
    pair.await_final()
    for pool in (pair.first, pair.second):
        path_of(pool, digest).write_bytes(b"other")

    verification = verify(pair.first, "DataConf", resync=True)
    pair.first.write(FILES, Change("conference1", "slides", None))

    assert not verification.is_clean
    assert verification.modules[0].found == {What.CONTENT: 1, What.OWN_CONTENT: 1}
    assert verification.modules[0].remaining == 2
    pair.await_final()
