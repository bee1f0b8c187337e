"""Bulk writes: whole transactions out of a stream, many at a time, memory bounded."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.front_ends import POOL1, POOL2, FrontEndInTest, deployment_in, front_end_on
from tests.pairs import CONTACTS, eventually
from twinpool.errors import StoreUnavailable, TwinpoolError
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import FrontEndName, Home
from twinpool.wire import encode_changes
from twinpool_services.frontend.limits import Limits

STREAM = f"/v1/homes/{POOL1}/modules/PresenceFocus"
NDJSON = {"content-type": "application/x-ndjson"}
MSGPACK = {"content-type": "application/msgpack"}


@pytest.fixture
def front_end(tmp_path: Path) -> Iterator[FrontEndInTest]:
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        yield serving
    store.close()


def line(owner: str, key: str, value: bytes = b"value") -> bytes:
    change = {"op": "put", "owner": owner, "key": key, "value": base64.b64encode(value).decode()}
    return json.dumps({"changes": [change]}).encode() + b"\n"


def test_every_line_is_a_transaction_of_its_own(front_end: FrontEndInTest) -> None:
    body = b"".join(line("ada", f"k{number}") for number in range(3_000))

    answer = front_end.client.post(f"{STREAM}/bulk", content=body, headers=NDJSON)

    summary = answer.json()
    assert answer.status_code == 200
    assert (summary["transactions"], summary["committed"], summary["failed"], summary["changes"]) == (
        3_000,
        3_000,
        0,
        3_000,
    )
    assert summary["last_position"] - summary["first_position"] == 2_999
    assert front_end.client.get(f"{STREAM}/count").json() == {"count": 3_000}


def test_msgpack_carries_what_the_log_keeps(front_end: FrontEndInTest) -> None:
    transactions = [[Change("ada", f"k{n}", b"\xff" * 10), Change("ada", f"d{n}", None)] for n in range(500)]

    answer = front_end.client.post(f"{STREAM}/bulk", content=map(encode_changes, transactions), headers=MSGPACK)

    assert (answer.status_code, answer.json()["committed"], answer.json()["changes"]) == (200, 500, 1_000)
    assert front_end.client.get(f"{STREAM}/records/ada/k7").content == b"\xff" * 10


def test_later_lines_win_over_earlier_ones(front_end: FrontEndInTest) -> None:
    body = b"".join(line("ada", "k", str(number).encode()) for number in range(2_000))

    front_end.client.post(f"{STREAM}/bulk", content=body, headers=NDJSON)

    assert front_end.client.get(f"{STREAM}/records/ada/k").content == b"1999"


def test_what_is_wrong_with_a_transaction_is_told_beside_it(front_end: FrontEndInTest) -> None:
    body = line("ada", "k1") + b"{oops\n" + line("", "k2") + line("ada", "k3")

    summary = front_end.client.post(f"{STREAM}/bulk", content=body, headers=NDJSON).json()

    assert (summary["committed"], summary["failed"]) == (2, 2)
    assert [(error["transaction"], error["status"], error["field"]) for error in summary["errors"]] == [
        (1, 422, ""),
        (2, 422, "owner"),
    ]


def test_only_the_first_errors_are_told_one_by_one(front_end: FrontEndInTest) -> None:
    summary = front_end.client.post(f"{STREAM}/bulk", content=b"x\n" * 500, headers=NDJSON).json()

    assert (summary["failed"], len(summary["errors"])) == (500, front_end.context.limits.bulk_errors)


def test_a_broken_stream_says_what_was_committed_before(front_end: FrontEndInTest) -> None:
    body = encode_changes([Change("ada", "k", b"v")]) + b"\xc1"

    answer = front_end.client.post(f"{STREAM}/bulk", content=body, headers=MSGPACK)

    assert (answer.status_code, answer.json()["committed"]) == (422, 1)
    assert front_end.client.get(f"{STREAM}/records/ada/k").content == b"v"


@pytest.mark.parametrize("media_type", ["text/plain", "application/octet-stream", ""])
def test_another_media_type_is_refused_by_415(front_end: FrontEndInTest, media_type: str) -> None:
    answer = front_end.client.post(f"{STREAM}/bulk", content=b"", headers={"content-type": media_type})

    assert answer.status_code == 415


def test_an_empty_body_commits_nothing(front_end: FrontEndInTest) -> None:
    summary = front_end.client.post(f"{STREAM}/bulk", content=b"", headers=NDJSON).json()

    assert (summary["transactions"], summary["first_position"]) == (0, None)


def test_bulk_for_a_home_served_elsewhere_is_refused_before_it_is_read(front_end: FrontEndInTest) -> None:
    elsewhere = f"/v1/homes/{POOL2}/modules/PresenceFocus/bulk"

    answer = front_end.client.post(elsewhere, content=line("ada", "k"), headers=NDJSON)

    assert (answer.status_code, answer.json()["serving_pool"]) == (421, POOL2)


class Observed(MemoryStore):
    """Sees how many transactions wait; can be held up, and can fail from some point on."""

    def __init__(self) -> None:
        super().__init__(POOL1)
        self.open = threading.Event()
        self.arrived = threading.Event()
        self.fails_after: int | None = None
        self.committed = 0

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        self.arrived.set()
        assert self.open.wait(30)
        if self.fails_after is not None and self.committed >= self.fails_after:
            raise StoreUnavailable("disk full")
        self.committed += len(transactions)
        return super().write(transactions)


def test_a_store_that_is_slower_than_the_client_slows_the_client_down(tmp_path: Path) -> None:
    store = Observed()
    limits = Limits(bulk_transactions=100)
    sent = 0
    held_back = threading.Event()

    def lines() -> Iterator[bytes]:
        nonlocal sent
        for number in range(20_000):
            yield line("ada", f"k{number}", bytes(1_000))
            sent = number + 1

    with front_end_on(store, deployment_in(tmp_path), limits=limits) as serving, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(serving.client.post, f"{STREAM}/bulk", content=lines(), headers=NDJSON)
        assert store.arrived.wait(30)
        before = -1
        while before != sent:  # Until the client comes no further: sockets and windows are full.
            before = sent
            held_back.wait(0.3)
        assert sent < 20_000
        store.open.set()

        assert answer.result(60).json()["committed"] == 20_000
    store.close()


def test_a_store_that_fails_on_the_way_ends_the_request_and_says_how_far_it_came(tmp_path: Path) -> None:
    store = Observed()
    store.open.set()
    store.fails_after = 1
    with front_end_on(store, deployment_in(tmp_path), limits=Limits(bulk_transactions=10)) as serving:
        body = [b"".join(line("ada", f"k{piece}-{n}", bytes(1_000)) for n in range(50)) for piece in range(100)]

        answer = serving.client.post(f"{STREAM}/bulk", content=iter(body), headers=NDJSON)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json()["committed"] == store.committed
    store.close()


def test_a_home_that_turns_read_only_on_the_way_ends_the_request(front_end: FrontEndInTest) -> None:
    lease = front_end.store.acquire_lease(FrontEndName("fe1.lab"), timedelta(minutes=5))

    def lines() -> Iterator[bytes]:
        for number in range(2_000):
            if number == 1_000:
                eventually(lambda: front_end.store.record_count(CONTACTS) > 0, "some of it is committed")
                front_end.store.set_mode(Home(POOL1), Mode.READ_ONLY, generation=lease.generation)
            yield line("ada", f"k{number}", bytes(1_000))

    answer = front_end.client.post(f"{STREAM}/bulk", content=lines(), headers=NDJSON)

    assert answer.status_code == 503
    assert answer.json()["committed"] == front_end.client.get(f"{STREAM}/count").json()["count"]
    assert 0 < answer.json()["committed"] < 2_000
