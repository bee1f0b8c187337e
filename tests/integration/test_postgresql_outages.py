"""A server that stops, restarts, fills up or cuts connections under a store that goes on by itself."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conformance.streams import FOR_LONG, HOME, POOL, STREAM, committed, eventually, put, records, replay, serve
from tests.servers import _OPTIONS, _as, _ordinary_user, _programs, skip
from twinpool.errors import NameTaken, StoreUnavailable
from twinpool.stores.opening import open_store
from twinpool.stores.postgresql import PostgresqlStore
from twinpool.stores.postgresql.net_effect import put_records
from twinpool.stores.postgresql.writing import entering
from twinpool.vocabulary.change import ChangeSet
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import ORIGIN, FrontEndName

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(300)]

FE1, FE2 = FrontEndName("fe1"), FrontEndName("fe2")


class Server:
    """A server of these tests alone, so that they may stop it."""

    def __init__(self, programs: Path, root: Path) -> None:
        self._user = _ordinary_user()
        self._root, self._data, self._programs = root, root / "data", programs
        shutil.chown(root, self._user)
        initdb = (programs / "initdb", "-D", self._data, "-U", "twinpool", "-A", "trust", "-E", "UTF8", "--no-sync")
        _as(self._user, *initdb)

    @property
    def url(self) -> str:
        return f"postgresql:///postgres?host={self._root}&user=twinpool"

    def start(self) -> None:
        options = f"{_OPTIONS} -c unix_socket_directories={self._root}"
        self._control("-l", self._root / "log", "-o", options, "start")

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements and return the rows of the last one."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _control(self, *command: str | Path) -> None:
        _as(self._user, self._programs / "pg_ctl", "-D", self._data, "-w", "-s", *command)


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        skip("no PostgreSQL: install its server programs")
    with tempfile.TemporaryDirectory(prefix="twinpool-pg-") as name:
        server = Server(programs, Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def server(running_server: Server) -> Server:
    """The server, with nothing in it."""
    running_server.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return running_server


@pytest.fixture
def store(server: Server) -> Iterator[PostgresqlStore]:
    opened = open_store(server.url, POOL)
    assert isinstance(opened, PostgresqlStore)
    with closing(opened) as store:
        serve(store)
        yield store


def log_of(store: PostgresqlStore) -> list[ChangeSet]:
    log: list[ChangeSet] = []
    while batch := store.collect(STREAM, after=log[-1].position if log else ORIGIN, max_changes=500, max_bytes=1 << 20):
        log += batch
    return log


class Client(threading.Thread):
    """Writes record after record and remembers what it was told is stored."""

    def __init__(self, store: PostgresqlStore, name: str) -> None:
        super().__init__(name=name)
        self._store, self._over = store, threading.Event()
        self.told: list[str] = []
        self.refused = 0

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            try:
                committed(self._store, put(self.name, str(number)))
                self.told.append(str(number))
            except StoreUnavailable:
                self.refused += 1
                self._over.wait(0.02)

    def finish(self) -> None:
        self._over.set()
        self.join()


def all_write_on(clients: list[Client]) -> None:
    before = [len(client.told) for client in clients]
    assert eventually(lambda: all(len(c.told) > n + 20 for c, n in zip(clients, before, strict=True)))


def test_a_restart_in_the_middle_of_writing_loses_nothing_that_was_acknowledged(
    server: Server, store: PostgresqlStore
) -> None:
    clients = [Client(store, f"client {number}") for number in range(4)]
    with ExitStack() as cleanup:
        for client in clients:
            client.start()
            cleanup.callback(client.finish)
        for _ in range(2):
            all_write_on(clients)
            server.stop()
            server.start()
        all_write_on(clients)

    stored = {(record.owner, record.key) for record in records(store)}
    assert {(client.name, key) for client in clients for key in client.told} <= stored
    assert sum(client.refused for client in clients) > 0
    assert eventually(lambda: store.settled(STREAM) == store.head(STREAM))
    assert replay([each.payload for each in log_of(store)]) == records(store)


def test_a_server_that_is_away_is_reported_and_one_that_is_back_is_used_at_once(
    server: Server, store: PostgresqlStore
) -> None:
    server.stop()
    try:
        with pytest.raises(StoreUnavailable):
            store.check()
        with pytest.raises(StoreUnavailable, match=r"No such file|refused"):
            store.check()
    finally:
        server.start()

    store.check()
    assert store.write([put("a")])


def test_a_listener_hears_again_after_a_restart(server: Server, store: PostgresqlStore) -> None:
    other = PostgresqlStore(server.url, POOL)
    with closing(other), closing(store.wakeups()) as wakeups:
        server.stop()
        assert not wakeups.wait(0.1)
        server.start()
        assert wakeups.wait(30), "nobody knows what was missed"
        with suppress(StoreUnavailable):  # its own connections may still be those of before
            other.check()
        committed(other, put("a"))
        assert wakeups.wait(30)


def test_a_name_is_held_again_after_a_restart(server: Server, store: PostgresqlStore) -> None:
    def is_taken() -> bool:
        try:
            other.claim_name(FE1).release()
        except NameTaken:
            return True
        except StoreUnavailable:
            return False
        return False

    other = PostgresqlStore(server.url, POOL)
    with closing(other):
        claim = store.claim_name(FE1)
        assert is_taken()
        server.stop()
        server.start()
        assert eventually(is_taken)
        claim.release()
        assert not is_taken()


def test_connections_that_the_server_ends_are_replaced(server: Server, store: PostgresqlStore) -> None:
    committed(store, put("before"))
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'twinpool %'")

    with suppress(StoreUnavailable):
        store.check()

    committed(store, put("after"))


def _write_until_one_waits(store: PostgresqlStore) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        store.write([put("unknown")])


def test_a_commit_of_unknown_outcome_is_no_success(server: Server, store: PostgresqlStore) -> None:
    """The commit waits for a standby that never comes, and then the connection is ended: it is on the disk here."""
    committed(store, put("before"))
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE 'twinpool %'"
    server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    try:
        with ThreadPoolExecutor(1) as threads:
            # The server takes the setting up some time after it was told: until then a commit waits for nobody.
            writing = threads.submit(_write_until_one_waits, store)
            assert eventually(lambda: bool(server.run(waiting)))
            ((pid,),) = server.run(waiting)
            server.run(f"SELECT pg_terminate_backend({pid})")
            with pytest.raises(StoreUnavailable):
                writing.result()
    finally:
        server.run("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")

    committed(store, put("after"))
    assert replay([each.payload for each in log_of(store)]) == records(store)


def test_a_full_disk_is_reported_and_nothing_of_the_write_remains(server: Server, store: PostgresqlStore) -> None:
    server.run(
        "CREATE FUNCTION fill_up() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON change_set EXECUTE FUNCTION fill_up()",
    )
    with pytest.raises(StoreUnavailable, match="No space left"):
        store.write([put("a")])
    assert records(store) == []

    server.run("DROP TRIGGER full_disk ON change_set", "DROP FUNCTION fill_up")

    committed(store, put("a"))


def test_a_transaction_that_hangs_does_not_hold_up_a_take_over_for_long(server: Server, store: PostgresqlStore) -> None:
    """As that of a stopped process does: the server ends it, and what it had done is undone."""
    lease = store.acquire_lease(FE1, FOR_LONG)
    store.release_lease(lease)
    other = PostgresqlStore(server.url, POOL)
    with closing(other), ExitStack() as hanging:
        hanging.enter_context(store._fenced(lease.generation))
        taken = other.acquire_lease(FE2, FOR_LONG)
        with pytest.raises(StoreUnavailable):
            hanging.close()
    assert taken.generation == lease.generation + 1
    assert store.current_lease() == taken


def test_a_writer_that_hangs_does_not_hold_up_a_change_of_mode_for_long(server: Server, store: PostgresqlStore) -> None:
    generation = store.acquire_lease(FE1, FOR_LONG).generation
    begin = entering({HOME}, [store._streams.make(STREAM)])
    other = PostgresqlStore(server.url, POOL)
    with closing(other), ExitStack() as hanging:
        connection, _ = hanging.enter_context(store._connections.transaction(*begin))
        put_records(connection, 1, [("never\0k", b"v")])
        other.set_mode(HOME, Mode.READ_ONLY, generation=generation)
        with pytest.raises(StoreUnavailable):
            hanging.close()
    assert records(store) == []


def test_what_a_crash_left_of_discarded_records_is_swept_by_the_next_active_front_end(
    server: Server, store: PostgresqlStore
) -> None:
    committed(store, put("kept"))
    server.run(
        "INSERT INTO record SELECT 999, convert_to('o' || n, 'UTF8'), '' FROM generate_series(1, 12000) AS n",
        "INSERT INTO discarded_set VALUES (999)",
    )
    store.acquire_lease(FE1, FOR_LONG)

    assert eventually(lambda: server.run("SELECT * FROM discarded_set") == [])
    assert server.run("SELECT count(*) FROM record") == [(1,)]


def test_no_message_shows_the_password() -> None:
    store = PostgresqlStore("postgresql://user:geheim@127.0.0.1:1/pool", POOL)
    with closing(store), pytest.raises(StoreUnavailable) as refused:
        store.check()
    assert "geheim" not in str(refused.value)
