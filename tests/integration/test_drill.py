"""A disaster is rehearsed on a copy, and the production store does not notice."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.pairs import RunningPair, RunningPool, eventually, memory_links, running_pair
from tests.servers import PostgresqlServer, postgresql_server
from twinpool.brokers.memory import MemoryBroker
from twinpool.content.store import ContentStore
from twinpool.failover.drill import Drill, DrillStep, write_drill
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.modules.registry import Modules, load_modules
from twinpool.stores.opening import open_store
from twinpool.stores.postgresql.copying import MayNotCopy
from twinpool.stores.postgresql.copying import throw_away_copy as copy_of_database
from twinpool.stores.throw_away import CopyInUse, throw_away_copy
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
from twinpool_services.backup import find_drill, list_drills, request_drill
from twinpool_services.backup.drill.rehearsal import rehearse
from twinpool_services.backup.drill.wishes import DrillUnderWay
from twinpool_services.backup.failover.wishes import AlreadyServed

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

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.store = url, open_store(url, P2)
        self.content = ContentStore(folder / "content")
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


class FileHost:
    """Where a store in a file lies, and its copies beside it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store.db"
        self.url = f"sqlite:///{self._path}"

    def copies(self) -> list[str]:
        return [path.name for path in self._path.parent.glob("store.db.drill-*")]

    def leave_a_copy(self) -> None:
        """Leave what a crash would."""
        left = self._path.with_name("store.db.drill-crashed")
        left.mkdir()
        with closing(sqlite3.connect(left / "copy.db")) as connection:
            connection.execute("CREATE TABLE t (x)")


class ServerHost:
    """The server of a store in a database, and its copies in others."""

    def __init__(self, server: PostgresqlServer, database: str) -> None:
        self._database, self.url = database, server.url(database)

    def copies(self) -> list[str]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{self._left}%"])
            return [name for (name,) in found]

    def leave_a_copy(self) -> None:
        """Leave what a crash would, and beside it what only has such a name."""
        name, told = sql.Identifier(f"{self._left}crashed"), sql.Literal(f"twinpool drill of {self._database}")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, told))

    @property
    def _left(self) -> str:
        return f"{self._database}_drill_"


Host = FileHost | ServerHost


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    if request.param == "sqlite":
        yield FileHost(tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    database = server.create()
    yield ServerHost(server, database)
    server.drop(database)


@pytest.fixture
def partner(host: Host, tmp_path: Path) -> Iterator[Partner]:
    made = Partner(host.url, tmp_path)
    with closing(made.store):
        yield made


def test_a_rehearsal_promotes_the_copy_and_leaves_the_production_store_as_it_was(partner: Partner, host: Host) -> None:
    before = partner.roles()
    with throw_away_copy(partner.url, P2) as copy:
        shown = rehearse(copy, DEPLOYMENT, MODULES, HOME, partner.content)
        served = {each.home: (each.serving_pool, each.term) for each in copy.homes()}
    assert shown.complaints == ()
    assert shown.records[USER] == COUNT
    assert shown.plan.source == P1
    assert list(shown.seconds) == ["promoted", "probed", "written"]
    assert served[HOME] == (P2, Term(2))
    assert partner.roles() == before
    assert host.copies() == []


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
        with throw_away_copy(partner.url, P2) as copy:
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


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
def test_a_record_that_its_module_would_not_take_makes_the_rehearsal_fail_and_is_named(partner: Partner) -> None:
    partner.replicate(1, [Change("sip:bad@lab", "presence", b"x" * (2 << 20))])
    with throw_away_copy(partner.url, P2) as copy:
        shown = rehearse(copy, DEPLOYMENT, MODULES, HOME, partner.content)
    (complaint,) = shown.complaints
    assert "sip:bad@lab presence" in complaint


@pytest.mark.parametrize("host", ["sqlite"], indirect=True)
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
    with throw_away_copy(partner.url, P2) as copy:
        shown = rehearse(copy, DEPLOYMENT, MODULES, HOME, partner.content)
    (complaint,) = shown.complaints
    assert "conference minutes.txt" in complaint
    assert "ab" * 32 in complaint


def test_what_is_written_to_the_copy_is_not_in_the_original(partner: Partner) -> None:
    with throw_away_copy(partner.url, P2) as copy:
        changes = (Change("sip:own@lab", "settings/copy", b"x"),)
        copy.write([Transaction(stream=OWN, changes=changes, payload=encode_changes(changes))])
        assert copy.read(OWN, RecordKey("sip:own@lab", "settings/copy")) == b"x"
    assert partner.store.read(OWN, RecordKey("sip:own@lab", "settings/copy")) is None


def test_the_next_drill_removes_what_a_crash_has_left_and_never_a_copy_in_use(partner: Partner, host: Host) -> None:
    host.leave_a_copy()
    (left,) = host.copies()
    with throw_away_copy(partner.url, P2) as copy:
        (used,) = host.copies()
        assert used != left
        with pytest.raises(CopyInUse), throw_away_copy(partner.url, P2):
            pass
        assert copy.record_count(STREAM) == COUNT
    assert host.copies() == []


def test_positions_go_on_in_a_copy_where_they_stood(partner: Partner) -> None:
    partner.write(1)
    with throw_away_copy(partner.url, P2) as copy:
        changes = (Change("sip:own@lab", "settings/2", b"x"),)
        (outcome,) = copy.write([Transaction(stream=OWN, changes=changes, payload=encode_changes(changes))])
    assert not isinstance(outcome, Exception)
    assert outcome.position == partner.store.head(OWN) + 1


@pytest.mark.postgresql
def test_a_user_of_the_server_who_may_make_no_database_is_told_so(postgresql: PostgresqlServer) -> None:
    database = postgresql.create()
    name = f"plain_{database}"
    try:
        with psycopg.connect(postgresql.url(database), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        told = make_conninfo(postgresql.url(database), user=name)
        with pytest.raises(MayNotCopy, match="may not make a database"), copy_of_database(told, P2):
            pass
    finally:
        postgresql.drop(database)
        with psycopg.connect(postgresql.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


# ── as the active front end plays it ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[RunningPair]:
    """A pair over SQLite files, for a copy of a store needs one that lies somewhere."""
    with running_pair(
        tmp_path, lambda fqdn: open_store(f"sqlite:///{tmp_path}/{fqdn}.db", fqdn), memory_links(MemoryBroker())
    ) as running:
        for number in range(20):
            running.first.put(f"contacts/{number:03}", b"friend")
        running.await_final()
        yield running


def _play(pool: RunningPool, home: Home) -> Drill:
    store = pool.store
    wish = request_drill(store, pool.premises.deployment, MODULES, home)
    eventually(lambda: find_drill(store, wish.identity).is_over, "the drill is over")
    return find_drill(store, wish.identity)


def test_an_active_front_end_rehearses_what_was_wished_for_and_goes_on_replicating(pair: RunningPair) -> None:
    played = _play(pair.second, HOME)
    assert played.reason == ""
    assert played.has_passed
    assert played.term == Term(2)
    assert played.records[USER] == 20
    assert list(played.seconds) == ["copied", "promoted", "probed", "written", "discarded"]
    assert played.plan is not None
    assert {each.home: each.serving_pool for each in pair.second.store.homes()}[HOME] == P1
    pair.first.put("contacts/late", b"friend")
    pair.await_final()
    assert len(pair.second.records()) == 21
    assert list_drills(pair.second.store) == [played]


def test_a_fault_of_a_module_ends_the_drill_and_not_the_backup_service(
    pair: RunningPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(_module: PresenceFocus, _change: Change) -> None:
        raise ZeroDivisionError

    before = pair.second.store.current_lease()
    assert before is not None
    with monkeypatch.context() as planted:
        planted.setattr(PresenceFocus, "check", fault)
        played = _play(pair.second, HOME)
    lease = pair.second.store.current_lease()
    assert (played.step, played.has_passed) == (DrillStep.FAILED, False)
    assert "ZeroDivisionError" in played.reason
    assert lease is not None
    assert lease.generation == before.generation


def test_the_pool_that_serves_cannot_rehearse_to_take_over(pair: RunningPair) -> None:
    with pytest.raises(AlreadyServed):
        request_drill(pair.first.store, pair.first.premises.deployment, MODULES, HOME)


def test_one_drill_of_a_pool_at_a_time(pair: RunningPair) -> None:
    store = pair.second.store
    waiting = Drill(identity="waiting", home=HOME, pool=P2, requested_at=store.now())
    finished = _play(pair.second, HOME)
    with throw_away_copy(pair.second.premises.deployment.pool(P2).store, P2):
        # The desk is busy with this one until our copy is gone, so that it is refused, and told why.
        played = _play(pair.second, HOME)
    assert finished.has_passed
    assert played.step is DrillStep.FAILED
    assert "is in use" in played.reason
    pair.second.stop_all()
    store.save_operation("drill/waiting", write_drill(waiting), generation=None)
    store.save_operation("drill", b"waiting", generation=None)
    with pytest.raises(DrillUnderWay, match="waiting"):
        request_drill(store, pair.second.premises.deployment, MODULES, HOME)
