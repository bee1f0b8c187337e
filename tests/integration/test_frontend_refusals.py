"""What cannot be done now is refused in a way that says where, or when, it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TypeVar

import httpx
import pytest

from tests.front_ends import POOL1, POOL2, POOL3, FrontEndInTest, deployment_in, front_end_on
from twinpool.errors import StoreUnavailable, TwinpoolError
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Committed, RecordKey, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Home, Stream
from twinpool_services.frontend.limits import Limits

T = TypeVar("T")
WRITES = {
    "record": ("PUT", "modules/PresenceFocus/records/ada/k", b"v"),
    "deletion": ("DELETE", "modules/PresenceFocus/records/ada/k", None),
    "transaction": (
        "POST",
        "modules/PresenceFocus/transactions",
        b'{"changes": [{"op": "delete", "owner": "ada", "key": "k"}]}',
    ),
    "bulk": ("POST", "modules/PresenceFocus/bulk", b'{"changes": [{"op": "delete", "owner": "ada", "key": "k"}]}\n'),
    "file": ("PUT", "conferences/c/files/a", b"v"),
    "file deletion": ("DELETE", "conferences/c/files/a", None),
}


class Failing(MemoryStore):
    """A store that does not answer while it is told not to."""

    def __init__(self) -> None:
        super().__init__(POOL1)
        self.broken = False
        self.stuck: Event | None = None

    def _unless_broken(self, call: Callable[[], T]) -> T:
        if self.stuck is not None:
            self.stuck.wait(30)
        if self.broken:
            raise StoreUnavailable("input/output error")
        return call()

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        return self._unless_broken(lambda: super(Failing, self).write(transactions))

    def read(self, stream: Stream, at: RecordKey) -> bytes | None:
        return self._unless_broken(lambda: super(Failing, self).read(stream, at))

    def homes(self) -> list[HomeStatus]:
        return self._unless_broken(super().homes)

    def current_lease(self) -> Lease | None:
        return self._unless_broken(super().current_lease)

    def check(self) -> None:
        self._unless_broken(super().check)


@pytest.fixture
def store() -> Iterator[Failing]:
    store = Failing()
    yield store
    store.close()


@pytest.fixture
def front_end(store: Failing, tmp_path: Path) -> Iterator[FrontEndInTest]:
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        yield serving


def send(front_end: FrontEndInTest, home: str, write: str) -> httpx.Response:
    method, path, body = WRITES[write]
    headers = {"content-type": "application/x-ndjson"}
    return front_end.client.request(method, f"/v1/homes/{home}/{path}", content=body, headers=headers)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("home", [POOL2, POOL3])
def test_a_write_for_a_home_served_elsewhere_names_its_pool_and_addresses(
    front_end: FrontEndInTest, home: str, write: str
) -> None:
    answer = send(front_end, home, write)

    assert answer.status_code == 421
    assert answer.json()["serving_pool"] == home
    assert len(answer.json()["serving_addresses"]) == 1


def test_a_home_of_the_pair_is_read_here_even_if_it_is_served_there(front_end: FrontEndInTest) -> None:
    answer = front_end.client.get(f"/v1/homes/{POOL2}/modules/PresenceFocus/records")

    assert (answer.status_code, answer.headers["Twinpool-Served-By"]) == (200, POOL2)


def test_a_home_of_another_pair_is_not_read_here(front_end: FrontEndInTest) -> None:
    assert front_end.client.get(f"/v1/homes/{POOL3}/modules/PresenceFocus/records").status_code == 421


@pytest.mark.parametrize("write", WRITES)
def test_a_write_to_a_read_only_home_may_be_tried_again(front_end: FrontEndInTest, write: str) -> None:
    lease = front_end.store.acquire_lease(FrontEndName("fe1.lab"), timedelta(minutes=5))
    front_end.store.set_mode(Home(POOL1), Mode.READ_ONLY, generation=lease.generation)

    answer = send(front_end, POOL1, write)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"] == "urn:twinpool:problem:home-read-only"


@pytest.mark.parametrize("write", WRITES)
def test_a_write_to_a_store_that_does_not_answer_may_be_tried_again_and_works_once_it_does(
    front_end: FrontEndInTest, store: Failing, write: str
) -> None:
    store.broken = True
    answer = send(front_end, POOL1, write)
    store.broken = False

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"] == "urn:twinpool:problem:store-unavailable"
    assert send(front_end, POOL1, write).is_success


def test_the_status_of_a_pool_whose_store_cannot_be_read_says_so(front_end: FrontEndInTest, store: Failing) -> None:
    store.broken = True

    answer = front_end.client.get(f"/v1/pools/{POOL1}/backup-status")

    assert (answer.status_code, answer.json()["OverallExportStatus"]) == (200, "ErrorState")
    for row in answer.json()["BackupModules"]:
        assert (row["ExportStatus"], row["ImportStatus"]) == ("ErrorState", "ErrorState")
        assert "input/output error" in row["Reason"]


def test_a_front_end_whose_store_does_not_answer_is_alive_but_not_ready(
    front_end: FrontEndInTest, store: Failing
) -> None:
    store.broken = True

    ready = front_end.client.get("/readyz")

    assert front_end.client.get("/livez").status_code == 200
    assert (ready.status_code, ready.json()["Ready"]) == (503, False)
    assert "input/output error" in ready.json()["Checks"]["store"]["Reason"]


def test_before_the_store_is_open_everything_says_so(tmp_path: Path) -> None:
    with front_end_on(None, deployment_in(tmp_path)) as closed:
        assert closed.client.get("/livez").status_code == 200
        assert closed.client.get("/readyz").status_code == 503
        assert closed.client.get("/v1/front-end").json()["Store"] == "the pool store has not been opened yet"
        assert closed.client.get(f"/v1/pools/{POOL1}/backup-status").json()["OverallExportStatus"] == "ErrorState"
        for write in WRITES:
            assert send(closed, POOL1, write).status_code == 503
        assert closed.client.get("/v1/backup-configuration").status_code == 503


def test_no_more_management_calls_are_answered_at_once_than_are_allowed(tmp_path: Path, store: Failing) -> None:
    with front_end_on(store, deployment_in(tmp_path), limits=Limits(threads=8)) as serving:
        serving.client.patch("/v1/backup-configuration", json={"MaxConcurrentCalls": 2})
        assert serving.client.get("/v1/backup-configuration").json()["MaxConcurrentCalls"] == 2
        store.stuck = Event()
        with ThreadPoolExecutor(4) as threads:
            path = f"/v1/pools/{POOL1}/backup-status"
            answers = [threads.submit(serving.client.get, path) for _ in range(4)]
            refused = [done.result() for done in islice(as_completed(answers), 2)]
            store.stuck.set()
            assert [(answer.status_code, answer.headers["Retry-After"]) for answer in refused] == [(503, "1")] * 2
            assert sum(answer.result(30).status_code == 200 for answer in answers) == 2


def test_a_bug_is_told_without_its_details(tmp_path: Path) -> None:
    class Buggy(MemoryStore):
        def record_count(self, stream: Stream) -> int:
            raise ZeroDivisionError(f"secret {stream}")

    store = Buggy(POOL1)
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        answer = serving.client.get(f"/v1/homes/{POOL1}/modules/PresenceFocus/count")

        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "secret" not in answer.text
    store.close()
