"""Thousands of connections, slow clients, and more than fits in hand: the front end stays healthy and bounded."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Stream
from twinpool_services.frontend.connections import Connections, room_for
from twinpool_services.frontend.limits import MIB, Limits

RECORDS = f"/v1/homes/{POOL1}/modules/PresenceFocus/records"
SECONDS = 60.0  #: that anything here may take, on a machine that has much else to do


class Stuck(MemoryStore):
    """A store whose reads wait until they may go on."""

    def __init__(self) -> None:
        super().__init__(POOL1)
        self.go_on = Event()
        self.go_on.set()
        self.asked = Event()

    def read(self, stream: Stream, at: RecordKey) -> bytes | None:
        self.asked.set()
        self.go_on.wait(SECONDS)
        return super().read(stream, at)


@contextmanager
def serving(folder: Path, limits: Limits) -> Iterator[FrontEndInTest]:
    store = Stuck()
    with front_end_on(store, deployment_in(folder), limits=limits) as front_end:
        yield front_end
        store.go_on.set()
    store.close()


def connected(front_end: FrontEndInTest, *, takes_little: bool = False) -> socket.socket:
    connection = socket.socket()
    if takes_little:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(SECONDS)
    connection.connect((front_end.context.front_end.host, front_end.port))
    return connection


def head(front_end: FrontEndInTest, line: str, *more: str) -> bytes:
    return "".join(f"{one}\r\n" for one in (f"{line} HTTP/1.1", "Host: x", *more)).encode() + (
        f"{front_end.header_line}\r\n".encode()
    )


def everything(connection: socket.socket) -> bytes:
    """What comes until the front end closes the connection."""
    found = bytearray()
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return bytes(found)


def eventually(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_of_thousands_of_connections_the_oldest_idle_ones_go_and_everybody_else_is_served(tmp_path: Path) -> None:
    room_for(5_000)  # of this process, which holds both ends
    with serving(tmp_path, Limits(connections=100)) as front_end, ExitStack() as unwinding:
        strangers = [unwinding.enter_context(connected(front_end)) for _ in range(2_000)]

        assert front_end.client.put(f"{RECORDS}/ada/k", content=b"v").status_code == 201
        assert front_end.client.get("/livez").status_code == 200
        assert everything(strangers[0]) == everything(strangers[1_800]) == b""
        strangers[-1].sendall(head(front_end, f"GET {RECORDS}/ada/k"))
        assert strangers[-1].recv(12) == b"HTTP/1.1 200"


def test_a_connection_with_a_request_under_way_is_not_closed_for_another(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(connections=5, idle=2 * SECONDS)) as front_end, ExitStack() as unwinding:
        busy = unwinding.enter_context(connected(front_end))
        busy.sendall(head(front_end, f"PUT {RECORDS}/ada/k", "Content-Length: 2", "Expect: 100-continue"))
        assert busy.recv(99) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for _ in range(50):
            unwinding.enter_context(connected(front_end))
        assert front_end.client.get("/livez").status_code == 200

        busy.sendall(b"xy")

        assert busy.recv(12) == b"HTTP/1.1 201"


def test_the_head_of_a_request_may_not_take_for_ever(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(head=0.3)) as front_end, ExitStack() as unwinding:
        silent, slow, again = [unwinding.enter_context(connected(front_end)) for _ in range(3)]
        slow.sendall(b"GET /livez HTTP/1.1\r\nX-A: ")
        again.sendall(head(front_end, "GET /livez"))
        assert again.recv(12) == b"HTTP/1.1 200"
        again.sendall(b"GET /li")

        assert everything(silent) == b""
        assert everything(slow).startswith(b"HTTP/1.1 408")
        everything(again)  # ends
        assert front_end.client.get("/livez").status_code == 200


def test_bytes_of_a_head_that_come_one_by_one_do_not_stop_the_clock(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(head=0.3)) as front_end, connected(front_end) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nX-A: ")
        connection.settimeout(0.05)
        limit, answer = time.monotonic() + SECONDS, b""
        while not answer:
            assert time.monotonic() < limit
            connection.send(b"a")
            try:
                answer = connection.recv(12)
            except TimeoutError:
                continue

        assert answer == b"HTTP/1.1 408"


def test_the_rest_of_a_refused_body_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(head=0.3)) as front_end, connected(front_end) as connection:
        connection.sendall(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
        assert connection.recv(12) == b"HTTP/1.1 405"
        connection.sendall(b"y")

        everything(connection)


def test_a_slow_reader_of_a_long_list_loses_its_connection_and_gives_the_memory_back(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(idle=0.4, memory_bytes=7 * MIB)) as front_end, ExitStack() as unwinding:
        for number in range(4):
            front_end.client.put(f"{RECORDS}/ada/{number}", content=bytes(1_000_000))
        assert front_end.client.get(RECORDS).status_code == 200
        slow = unwinding.enter_context(connected(front_end, takes_little=True))
        slow.sendall(head(front_end, f"GET {RECORDS}"))
        slow.recv(1)

        crowded = front_end.client.get(RECORDS)

        assert (crowded.status_code, crowded.headers["Retry-After"]) == (503, "1")
        assert "bytes" in crowded.json()["detail"]
        eventually(lambda: front_end.client.get(RECORDS).status_code == 200)
        assert len(everything(slow)) < 5_000_000


def test_bodies_that_do_not_fit_beside_the_others_may_be_sent_again(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(memory_bytes=MIB)) as front_end, ThreadPoolExecutor(1) as threads:
        store = front_end.store
        assert isinstance(store, Stuck)
        store.go_on.clear()
        under_way = threads.submit(front_end.client.put, f"{RECORDS}/ada/first", content=bytes(900_000))
        assert store.asked.wait(SECONDS)  # A write looks first whether there is a record.

        crowded = front_end.client.put(f"{RECORDS}/ada/second", content=bytes(900_000))

        assert (crowded.status_code, crowded.headers["Retry-After"]) == (503, "1")
        assert front_end.client.get("/v1/front-end").status_code == 200
        store.go_on.set()
        assert under_way.result(SECONDS).status_code == 201
        assert front_end.client.put(f"{RECORDS}/ada/second", content=bytes(900_000)).status_code == 201


def test_more_requests_than_are_answered_at_once_may_try_again_and_health_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(requests=3)) as front_end, ThreadPoolExecutor(3) as threads:
        store = front_end.store
        assert isinstance(store, Stuck)
        store.go_on.clear()

        def read() -> int:
            """Ask until we are let in: whoever looks meanwhile is one of the three as well."""
            status = 503
            while status == 503:
                status = front_end.client.get(f"{RECORDS}/ada/k").status_code
            return status

        under_way = [threads.submit(read) for _ in range(3)]
        eventually(lambda: front_end.client.get("/v1/front-end").status_code == 503)

        answer = front_end.client.get("/v1/front-end")

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.headers["content-type"] == "application/problem+json"
        assert front_end.client.get("/livez").status_code == 200
        store.go_on.set()
        assert [one.result(SECONDS) for one in under_way] == [404] * 3
        assert front_end.client.get("/v1/front-end").status_code == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GET /" + b"x" * 400_000 + b" HTTP/1.1\r\n\r\n", 431, id="endless line"),
        pytest.param(b"GET /livez HTTP/1.1\r\nX: " + b"x" * 400_000 + b"\r\n\r\n", 431, id="endless header"),
        pytest.param(b"GET /livez HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS to a port in clear"),
        pytest.param(b"GET /li\x00vez HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="NUL"),
        pytest.param(
            b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, id="two lengths"
        ),
    ],
)
def test_what_is_no_request_is_refused_by_a_problem(shared: FrontEndInTest, sent: bytes, status: int) -> None:
    with connected(shared) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer, _, body = everything(connection).partition(b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in answer
    assert json.loads(body)["status"] == status


def test_a_body_that_turns_into_nonsense_ends_its_request(
    shared: FrontEndInTest, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(shared) as connection:
        connection.sendall(head(shared, f"PUT {RECORDS}/ada/k", "Transfer-Encoding: chunked") + b"1\r\nx\r\n")
        connection.sendall(b"no length\r\n")

        assert everything(connection).startswith(b"HTTP/1.1 400")
    assert shared.client.get(f"{RECORDS}/ada/k").status_code == 404
    assert not [one for one in caplog.records if one.exc_info]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    with serving(tmp_path_factory.mktemp("shared"), Limits()) as front_end:
        yield front_end


def test_no_more_connections_are_held_than_the_process_may_open_files() -> None:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    asked = max(soft, 10_000_000)

    assert 0 < room_for(asked) < resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= asked
    assert len(Connections(room_for(10))) == 0
