"""User data as a whole: a consistent state, content by its digest, what a former backup pool has left."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1, POOL2, FrontEndInTest, deployment_in, front_end_on
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Record, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Generation, Home, ModuleName, PoolFqdn, Position, Stream, Term
from twinpool.vocabulary.session import Cursor, SessionId
from twinpool.wire import ChangeStream, encode_changes
from twinpool_services.frontend import consistent_reading

PRESENCE = ModuleName("UserServices.PresenceFocus")
CONTACTS = Stream(Home(POOL1), PRESENCE)
STATE = f"/v1/homes/{POOL1}/modules/PresenceFocus/state"
OLD = PoolFqdn("old.lab")


@pytest.fixture
def front_end(tmp_path: Path) -> Iterator[FrontEndInTest]:
    store = open_store(f"sqlite:///{tmp_path}/store.db", POOL1)
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        yield serving
    store.close()


@pytest.fixture
def lease(front_end: FrontEndInTest) -> Lease:
    return front_end.store.acquire_lease(FrontEndName("fe1.lab"), timedelta(minutes=5))


def write(front_end: FrontEndInTest, *changes: Change) -> int:
    transaction = Transaction(stream=CONTACTS, changes=changes, payload=encode_changes(changes))
    (committed,) = front_end.store.write([transaction])
    assert not isinstance(committed, Exception)
    return committed.position


def records_of(answer: httpx.Response) -> list[Record]:
    assert answer.is_success, answer.text
    stream = ChangeStream(max_changes=10_000, max_bytes=4 * 1024 * 1024)
    changes = [change for transaction in stream.feed(answer.content) for change in transaction]
    stream.finish()
    return [Record(owner, key, value or b"") for owner, key, value in changes]


# ── a consistent state ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_state_has_all_records_in_order_and_says_of_when_it_is(front_end: FrontEndInTest) -> None:
    write(front_end, Change("bob@lab", "b", b"2"), Change("ada@lab", "ä", b""))
    position = write(front_end, Change("ada@lab", "z", b"1"), Change("bob@lab", "c", None))

    answer = front_end.client.get(STATE)

    assert records_of(answer) == [("ada@lab", "z", b"1"), ("ada@lab", "ä", b""), ("bob@lab", "b", b"2")]
    assert (answer.headers["Twinpool-Position"], answer.headers["Twinpool-Term"]) == (str(position), "1")


def test_an_empty_stream_has_an_empty_state(front_end: FrontEndInTest) -> None:
    answer = front_end.client.get(STATE)

    assert (records_of(answer), answer.headers["Twinpool-Position"]) == ([], "0")


def test_the_state_of_some_owners_is_theirs_alone(front_end: FrontEndInTest) -> None:
    write(front_end, *(Change(f"{name}@lab", f"k{n}", b"v") for name in ("ada", "bob", "cyd") for n in range(40)))

    found = records_of(front_end.client.get(STATE, params={"owner": ["cyd@lab", "ada@lab", "nobody@lab"]}))

    assert [record.owner for record in found] == ["ada@lab"] * 40 + ["cyd@lab"] * 40


def test_what_is_written_during_the_walk_is_there_as_of_one_position(
    front_end: FrontEndInTest, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction gives all twenty records the same value, so a state with two values never was."""
    monkeypatch.setattr(consistent_reading, "PAGE_RECORDS", 3)
    owners = [f"user{n:02}@lab" for n in range(20)]
    write(front_end, *(Change(owner, "same", b"0") for owner in owners))
    over = threading.Event()

    def go_on_writing() -> None:
        number = 0
        while not over.is_set():
            number += 1
            value = str(number).encode()
            moved = Change(f"extra{number % 7}@lab", "same", value if number % 2 else None)
            write(front_end, *(Change(owner, "same", value) for owner in owners), moved)

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    try:
        states = [records_of(front_end.client.get(STATE)) for _ in range(15)]
    finally:
        over.set()
        writer.join()

    seen = [{record.value for record in state if record.owner in owners} for state in states]
    assert [len(values) for values in seen] == [1] * 15
    assert len({min(values) for values in seen}) > 1, "nothing was written meanwhile"
    assert all(len([one for one in state if one.owner in owners]) == 20 for state in states)


def test_a_log_that_is_cut_short_during_the_walk_is_an_error_and_no_wrong_state(
    front_end: FrontEndInTest, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(front_end, Change("ada@lab", "k", b"v"))
    follow = consistent_reading.ConsistentReading._follow

    def retention_comes_first(reading: consistent_reading.ConsistentReading, position: Position) -> Position:
        write(front_end, Change("ada@lab", "k", b"w"))
        head = front_end.store.head(CONTACTS)
        front_end.store.prune(CONTACTS, up_to=head, generation=lease.generation)
        return follow(reading, position)

    monkeypatch.setattr(consistent_reading.ConsistentReading, "_follow", retention_comes_first)
    answer = front_end.client.get(STATE)

    assert answer.status_code == 503
    assert "was forgotten while it was read" in answer.json()["detail"]
    monkeypatch.undo()
    assert records_of(front_end.client.get(STATE)) == [("ada@lab", "k", b"w")], "the hold was released"


def test_the_state_is_the_serving_pools_to_tell(front_end: FrontEndInTest) -> None:
    answer = front_end.client.get(f"/v1/homes/{POOL2}/modules/PresenceFocus/state")

    assert (answer.status_code, answer.json()["serving_pool"]) == (421, POOL2)


# ── content ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_content_goes_in_and_out_by_its_digest(front_end: FrontEndInTest) -> None:
    content = b"slides" * 1_000_000
    digest = hashlib.blake2b(content, digest_size=32).hexdigest()
    path = f"/v1/homes/{POOL1}/content/{digest}"

    assert front_end.client.post(path + "/hold").status_code == 404
    assert front_end.client.put(path, content=content).json() == {"digest": digest, "size": len(content)}
    assert front_end.client.post(path + "/hold").json()["size"] == len(content)
    assert front_end.client.get(path).content == content


def test_content_with_another_digest_is_not_kept(front_end: FrontEndInTest) -> None:
    digest = hashlib.blake2b(b"right", digest_size=32).hexdigest()
    path = f"/v1/homes/{POOL1}/content/{digest}"

    assert front_end.client.put(path, content=b"wrong").status_code == 422
    assert front_end.client.get(path).status_code == 404
    assert front_end.client.put(f"/v1/homes/{POOL1}/content/..", content=b"x").status_code in {404, 405}
    assert front_end.client.put(f"/v1/homes/{POOL1}/content/UPPER", content=b"x").status_code == 422


def test_content_is_taken_by_the_serving_pool_alone(front_end: FrontEndInTest) -> None:
    digest = hashlib.blake2b(b"x", digest_size=32).hexdigest()

    assert front_end.client.put(f"/v1/homes/{POOL2}/content/{digest}", content=b"x").status_code == 421


# ── what a former backup pool has left ──────────────────────────────────────────────────────────────────────────


def import_something(front_end: FrontEndInTest, lease: Lease) -> Stream:
    """Let the pool have imported records of a pool that is not its backup pool any more."""
    store, stream = front_end.store, Stream(Home(OLD), PRESENCE)
    store.declare_home(HomeStatus(home=stream.home, term=Term(1), serving_pool=OLD, mode=Mode.READ_WRITE))
    session = SessionId(Term(1), Generation(9), 1)
    store.note_session(stream, session, generation=lease.generation)
    store.begin(stream, session=session, generation=lease.generation)
    store.apply(
        stream,
        [Change("eve@lab", f"k{n}", b"v") for n in range(5)],
        session=session,
        after=Position(0),
        upto=Position(7),
        generation=lease.generation,
    )
    return stream


def test_what_a_former_backup_pool_has_left_is_listed_and_removed(front_end: FrontEndInTest, lease: Lease) -> None:
    stream = import_something(front_end, lease)
    write(front_end, Change("ada@lab", "k", b"v"))
    left = {"Home": OLD, "BackupModule": PRESENCE, "Records": 5, "ServingPool": OLD}
    path = f"/v1/pools/{POOL1}/backup-data"

    assert front_end.client.get(path).json()["BackupData"] == [left]
    assert front_end.client.post(path + "/removal").json()["BackupData"] == [left]

    assert front_end.client.get(path).json()["BackupData"] == []
    assert front_end.store.record_count(stream) == 0
    assert front_end.store.record_count(CONTACTS) == 1
    # Whoever is paired with us again later begins with everything.
    assert front_end.store.import_progress(stream).cursor == Cursor(Term(1), Position(0))


def test_a_home_that_this_pool_serves_is_no_backup_to_be_removed(front_end: FrontEndInTest, lease: Lease) -> None:
    stream = import_something(front_end, lease)
    taken = Home("taken.lab")
    front_end.store.declare_home(HomeStatus(home=taken, term=Term(2), serving_pool=POOL1, mode=Mode.READ_WRITE))

    answer = front_end.client.post(f"/v1/pools/{POOL1}/backup-data/removal")

    assert answer.status_code == 409
    assert "serves taken.lab" in answer.json()["detail"]
    assert front_end.store.record_count(stream) == 5


def test_nothing_is_removed_while_nobody_is_active(front_end: FrontEndInTest) -> None:
    answer = front_end.client.post(f"/v1/pools/{POOL1}/backup-data/removal")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


# ── what a blocking backup looks at ─────────────────────────────────────────────────────────────────────────────


def test_a_sync_request_is_listed_until_it_is_taken_up(front_end: FrontEndInTest, lease: Lease) -> None:
    path = f"/v1/pools/{POOL1}/sync"
    front_end.client.post(path, json={"BackupModule": "DataConf", "Full": True})

    (request,) = front_end.client.get(path).json()["Requests"]
    assert (request["Home"], request["BackupModule"], request["Full"]) == (POOL1, "ConfServices.DataConf", True)

    front_end.store.forget_sync_requests(request["Number"], generation=lease.generation)
    assert front_end.client.get(path).json()["Requests"] == []


def test_the_progress_of_an_import_is_told(front_end: FrontEndInTest) -> None:
    told = front_end.client.get(f"/v1/homes/{POOL2}/modules/PresenceFocus/import-progress").json()

    assert told == {
        "Home": POOL2,
        "BackupModule": PRESENCE,
        "Term": None,
        "Position": None,
        "Staging": False,
    }
