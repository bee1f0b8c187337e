"""A disaster is rehearsed on a copy, and the production store does not notice."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from twinpool.content.store import ContentStore
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.modules.registry import Modules, load_modules
from twinpool.stores.sqlite import SqliteStore
from twinpool.stores.sqlite.copying import CopyInUse, throw_away_copy
from twinpool.vocabulary.change import Change, RecordKey, Transaction
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pair, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import (
    ORIGIN,
    Digest,
    FrontEndName,
    Generation,
    Home,
    Instant,
    PoolFqdn,
    Position,
    Stream,
    Term,
)
from twinpool.vocabulary.session import SessionId
from twinpool.wire import encode_changes
from twinpool_services.backup.drill.rehearsal import rehearse

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
HOME = Home(P1)
MODULES: Modules = load_modules()
USER = MODULES["PresenceFocus"].name
STREAM, OWN = Stream(HOME, USER), Stream(Home(P2), USER)
COUNT = 1_200


def _pool(fqdn: PoolFqdn, port: int) -> Pool:
    front_end = FrontEnd(
        name=FrontEndName(f"fe1.{fqdn}"), host="127.0.0.1", port=port, address=f"http://127.0.0.1:{port}"
    )
    return Pool(
        fqdn=fqdn,
        store=f"sqlite:////nowhere/{fqdn}",
        content=Path(f"/nowhere/{fqdn}"),
        broker_url="amqp://nowhere",
        front_ends=(front_end,),
    )


DEPLOYMENT = Deployment(cms_master=P1, pools=(_pool(P1, 8001), _pool(P2, 8002)), pairs=(Pair(first=P1, second=P2),))


class Partner:
    """The partner's store: it backs up `HOME`, serves its own home, and has an active front end."""

    def __init__(self, path: Path) -> None:
        self.path, self.store = path, SqliteStore(path, P2)
        self.content = ContentStore(path.parent / "content")
        for home, pool in ((HOME, P1), (Home(P2), P2)):
            self.store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=pool, mode=Mode.READ_WRITE))
        self.lease = self.store.acquire_lease(FrontEndName("fe1"), timedelta(hours=1))
        self.session = SessionId(term=Term(1), generation=Generation(1), number=1)
        self.store.note_session(STREAM, self.session, generation=self.lease.generation)
        self.store.begin(STREAM, session=self.session, generation=self.lease.generation)
        self.replicate(0, [Change(f"sip:u{n}@lab", "presence", b"%d" % n) for n in range(COUNT)])

    def replicate(self, after: int, changes: list[Change]) -> None:
        """Apply what came from the other pool."""
        self.store.apply(
            STREAM,
            self.store.prepare(changes),
            session=self.session,
            after=Position(after),
            upto=Position(after + 1),
            generation=self.lease.generation,
        )

    def write(self, number: int) -> None:
        """Take a client's write for the home that this pool serves."""
        changes = (Change("sip:own@lab", f"settings/{number}", b"x"),)
        (outcome,) = self.store.write([Transaction(stream=OWN, changes=changes, payload=encode_changes(changes))])
        assert not isinstance(outcome, Exception)

    def roles(self) -> tuple[object, ...]:
        """Everything that a promotion would change."""
        return (
            self.store.homes(),
            self.store.history(HOME),
            self.store.current_lease(),
            self.store.import_progress(STREAM),
            self.store.head(STREAM),
            self.store.scan(STREAM, after=None, limit=2 * COUNT),
        )


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Partner]:
    made = Partner(tmp_path / "store.db")
    with closing(made.store):
        yield made


def _leftovers(partner: Partner) -> list[Path]:
    return list(partner.path.parent.glob("store.db.drill-*"))


def test_a_rehearsal_promotes_the_copy_and_leaves_the_production_store_as_it_was(partner: Partner) -> None:
    before = partner.roles()
    with throw_away_copy(partner.path, P2) as copy:
        shown = rehearse(copy, DEPLOYMENT, MODULES, HOME, partner.content)
        served = {each.home: (each.serving_pool, each.term) for each in copy.homes()}
    assert shown.complaints == ()
    assert shown.records[USER] == COUNT
    assert shown.plan.source == P1
    assert list(shown.seconds) == ["promoted", "probed", "written"]
    assert served[HOME] == (P2, Term(2))
    assert partner.roles() == before
    assert _leftovers(partner) == []


def test_writes_and_replication_go_on_while_a_disaster_is_rehearsed(partner: Partner) -> None:
    stop, going, position = threading.Event(), threading.Event(), 1
    written: list[int] = []

    def work() -> None:
        while not stop.is_set():
            partner.write(len(written))
            partner.replicate(position + len(written), [Change("sip:late@lab", "presence", b"%d" % len(written))])
            written.append(1)
            going.set()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert going.wait(30)
        with throw_away_copy(partner.path, P2) as copy:
            shown = rehearse(copy, DEPLOYMENT, MODULES, HOME, partner.content)
    finally:
        stop.set()
        worker.join()
    assert shown.complaints == ()
    assert partner.store.record_count(OWN) == len(written)
    cursor = partner.store.import_progress(STREAM).cursor
    assert cursor is not None
    assert (cursor.term, cursor.position) == (Term(1), position + len(written))
    assert {each.home: each.serving_pool for each in partner.store.homes()}[HOME] == P1
    assert partner.store.history(HOME) == []
    assert partner.store.head(STREAM) == ORIGIN


def test_a_record_that_its_module_would_not_take_makes_the_rehearsal_fail_and_is_named(partner: Partner) -> None:
    partner.replicate(1, [Change("sip:bad@lab", "presence", b"x" * (2 << 20))])
    with throw_away_copy(partner.path, P2) as copy:
        shown = rehearse(copy, DEPLOYMENT, MODULES, HOME, partner.content)
    (complaint,) = shown.complaints
    assert "sip:bad@lab presence" in complaint


def test_a_file_whose_content_is_not_at_hand_makes_the_rehearsal_fail_and_is_named(partner: Partner) -> None:
    files = Stream(HOME, MODULES["DataConf"].name)
    entry = FileEntry(digest=Digest("ab" * 32), size=3, content_type="text/plain", modified_at=Instant(1))
    generation = partner.lease.generation
    partner.store.note_session(files, partner.session, generation=generation)
    partner.store.begin(files, session=partner.session, generation=generation)
    partner.store.apply(
        files,
        partner.store.prepare([Change("conference", "minutes.txt", encode_entry(entry))]),
        session=partner.session,
        after=ORIGIN,
        upto=Position(1),
        generation=generation,
    )
    with throw_away_copy(partner.path, P2) as copy:
        shown = rehearse(copy, DEPLOYMENT, MODULES, HOME, partner.content)
    (complaint,) = shown.complaints
    assert "conference minutes.txt" in complaint
    assert "ab" * 32 in complaint


def test_what_is_written_to_the_copy_is_not_in_the_original(partner: Partner) -> None:
    with throw_away_copy(partner.path, P2) as copy:
        changes = (Change("sip:own@lab", "settings/copy", b"x"),)
        copy.write([Transaction(stream=OWN, changes=changes, payload=encode_changes(changes))])
        assert copy.read(OWN, RecordKey("sip:own@lab", "settings/copy")) == b"x"
    assert partner.store.read(OWN, RecordKey("sip:own@lab", "settings/copy")) is None


def test_the_next_drill_removes_what_a_crash_has_left_and_never_a_copy_in_use(partner: Partner) -> None:
    left = partner.path.with_name("store.db.drill-crashed")
    left.mkdir()
    with closing(sqlite3.connect(left / "copy.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    with throw_away_copy(partner.path, P2) as copy:
        assert not left.exists()
        with pytest.raises(CopyInUse), throw_away_copy(partner.path, P2):
            pass
        assert copy.record_count(STREAM) == COUNT
    assert _leftovers(partner) == []
