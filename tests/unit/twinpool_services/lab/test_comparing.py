"""The demo's judge must be able to say no: each kind of loss is planted and has to be found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from twinpool.content.store import ContentStore
from twinpool.modules.data_conf import DataConf, FileEntry, encode_entry
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Committed, RecordKey, Transaction
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Home, Instant, PoolFqdn, Stream, Term
from twinpool.wire import encode_changes
from twinpool_services.lab.demo.answers import Answers
from twinpool_services.lab.demo.comparing import Comparison, Found

HOME = Home("pool1.lab")
RECORDS, FILES = Stream(HOME, PresenceFocus.name), Stream(HOME, DataConf.name)


class PairInTest:
    """Two stores into which a test writes what it likes, and what clients were told."""

    def __init__(self, directory: Path) -> None:
        self.pools = [
            Pool(
                fqdn=PoolFqdn(name),
                store=f"sqlite:///{directory / name}.db",
                content=directory / f"{name}.content",
                broker_url="amqp://127.0.0.1:1/",
                front_ends=(),
            )
            for name in ("pool1.lab", "pool2.lab")
        ]
        self.stores: list[Store] = [open_store(pool.store, pool.fqdn) for pool in self.pools]
        for store in self.stores:  # Each believes to serve the home, so that a test may write what it likes.
            store.declare_home(HomeStatus(home=HOME, term=Term(1), serving_pool=store.pool, mode=Mode.READ_WRITE))
        self.answers = Answers()

    def write(self, *changes: Change, to: tuple[int, ...] = (0, 1), stream: Stream = RECORDS) -> None:
        transaction = Transaction(stream=stream, changes=changes, payload=encode_changes(changes))
        for at in to:
            (outcome,) = self.stores[at].write([transaction])
            assert isinstance(outcome, Committed)

    def upload(self, content: bytes, *, name: str = "talk.pdf", to: tuple[int, ...] = (0, 1)) -> str:
        for at in to:
            with ContentStore(self.pools[at].content).incoming() as incoming:
                incoming.write(content)
                stored = incoming.keep()
        entry = FileEntry(digest=stored.digest, size=stored.size, content_type="text/plain", modified_at=Instant(1.0))
        self.write(Change("conf:1", name, encode_entry(entry)), stream=FILES)
        return stored.digest

    def compared(self) -> Found:
        return Comparison(self.pools[0], self.pools[1], self.answers, lambda _count: None).run([RECORDS, FILES])


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[PairInTest]:
    pair = PairInTest(tmp_path)
    yield pair
    for store in pair.stores:
        store.close()


def test_equal_pools_that_hold_every_answer_are_clean(pair: PairInTest) -> None:
    changes = [Change(f"sip:{number}", "presence", b"online") for number in range(50)]
    pair.write(*changes)
    pair.answers.note(RECORDS, changes)
    digest = pair.upload(b"slides")
    pair.answers.note_file(FILES, RecordKey("conf:1", "talk.pdf"), digest)

    found = pair.compared()

    assert found.is_clean
    assert (found.equal, found.files, found.contents, found.answered) == (51, 1, 1, 51)


@pytest.mark.parametrize("to", [(0,), (1,)])
def test_a_record_that_one_pool_lacks_is_found(pair: PairInTest, to: tuple[int, ...]) -> None:
    pair.write(Change("sip:a", "presence", b"1"), Change("sip:c", "presence", b"1"))
    pair.write(Change("sip:b", "presence", b"1"), to=to)

    found = pair.compared()

    assert (found.equal, found.missing, found.is_clean) == (2, 1, False)
    assert "sip:b" in found.examples[0]


def test_a_record_that_differs_is_found(pair: PairInTest) -> None:
    pair.write(Change("sip:a", "presence", b"old"))
    pair.write(Change("sip:a", "presence", b"new"), to=(0,))

    found = pair.compared()

    assert (found.different, found.is_clean) == (1, False)


def test_an_answered_write_that_both_pools_lost_is_found(pair: PairInTest) -> None:
    pair.write(Change("sip:a", "presence", b"old"))
    pair.answers.note(RECORDS, [Change("sip:a", "presence", b"old")])
    pair.answers.note(RECORDS, [Change("sip:a", "presence", b"new")])

    found = pair.compared()

    assert found.answers_lost == 2, "in each of both pools"
    assert not found.is_clean


def test_an_answered_record_that_is_nowhere_is_found(pair: PairInTest) -> None:
    pair.answers.note(RECORDS, [Change("sip:a", "presence", b"1")])

    assert not pair.compared().is_clean


def test_content_that_is_not_on_the_partners_disk_is_found(pair: PairInTest) -> None:
    pair.upload(b"slides", to=(0,))
    ContentStore(pair.pools[1].content)

    found = pair.compared()

    assert (found.equal, found.files_missing, found.is_clean) == (1, 1, False)


def test_content_that_was_damaged_on_disk_is_found(pair: PairInTest) -> None:
    digest = pair.upload(b"slides")
    (path,) = pair.pools[1].content.glob(f"*/{digest}")
    path.chmod(0o600)
    path.write_bytes(b"slibes")

    found = pair.compared()

    assert (found.files_missing, found.is_clean) == (1, False)
    assert "damaged" in found.examples[0]


def test_a_file_whose_newest_answered_content_was_lost_is_found(pair: PairInTest) -> None:
    pair.upload(b"first")
    pair.answers.note_file(FILES, RecordKey("conf:1", "talk.pdf"), "0" * 64)

    assert pair.compared().answers_lost == 2


def test_many_differences_are_counted_and_some_named(pair: PairInTest) -> None:
    pair.write(*(Change(f"sip:{number}", "presence", b"1") for number in range(100)), to=(0,))

    found = pair.compared()

    assert found.missing == 100
    assert 0 < len(found.examples) <= 5
