"""Files of conferences: streamed both ways, addressed by digest, memory flat."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1, POOL2, FrontEndInTest, deployment_in, front_end_on
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import Digest, Instant
from twinpool_services.frontend.limits import Limits

FILES = f"/v1/homes/{POOL1}/conferences/conf-1/files"
MIB = 1024 * 1024


@pytest.fixture
def front_end(tmp_path: Path) -> Iterator[FrontEndInTest]:
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        yield serving
    store.close()


@pytest.fixture
def client(front_end: FrontEndInTest) -> httpx.Client:
    return front_end.client


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a front end that several tests share, for none of them gets anything into it."""
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path_factory.mktemp("shared"))) as serving:
        yield serving.client
        assert serving.client.get(f"/v1/homes/{POOL1}/modules/DataConf/count").json() == {"count": 0}
    store.close()


def digest_of(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def test_a_file_comes_back_as_it_went_with_type_and_digest(client: httpx.Client) -> None:
    content = os.urandom(3 * MIB + 7)

    first = client.put(f"{FILES}/slides/a%20b.pptx", content=content, headers={"content-type": "text/x-slides"})
    second = client.put(f"{FILES}/slides/a%20b.pptx", content=content)
    answer = client.get(f"{FILES}/slides/a%20b.pptx")

    assert (first.status_code, second.status_code) == (201, 200)
    assert answer.content == content
    assert answer.headers["ETag"] == f'"{digest_of(content)}"'
    assert answer.headers["Twinpool-Served-By"] == POOL1


def test_the_content_type_is_kept(client: httpx.Client) -> None:
    client.put(f"{FILES}/a", content=b"x", headers={"content-type": "text/x-slides"})

    assert client.get(f"{FILES}/a").headers["content-type"] == "text/x-slides"


def test_an_empty_file_is_a_file(client: httpx.Client) -> None:
    client.put(f"{FILES}/empty", content=b"")

    answer = client.get(f"{FILES}/empty")

    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


def test_a_part_of_a_file_can_be_asked_for(client: httpx.Client) -> None:
    client.put(f"{FILES}/a", content=bytes(range(100)))

    part = client.get(f"{FILES}/a", headers={"Range": "bytes=10-19"})
    behind = client.get(f"{FILES}/a", headers={"Range": "bytes=100-"})

    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part.headers["Content-Range"] == "bytes 10-19/100"
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, "bytes */100")


def test_a_client_that_has_the_content_is_told_so(client: httpx.Client) -> None:
    client.put(f"{FILES}/a", content=b"x")

    answer = client.get(f"{FILES}/a", headers={"If-None-Match": f'"{digest_of(b"x")}"'})

    assert (answer.status_code, answer.content) == (304, b"")


def test_files_are_listed_in_pages_and_vanish_when_deleted(client: httpx.Client) -> None:
    for name in ("c", "a", "b/x"):
        client.put(f"{FILES}/{name}", content=name.encode())
    client.put(f"/v1/homes/{POOL1}/conferences/conf-2/files/other", content=b"")

    page = client.get(FILES, params={"limit": 2}).json()
    rest = client.get(FILES, params={"after": page["next"]}).json()
    client.delete(f"{FILES}/a")

    assert [file["name"] for file in page["files"] + rest["files"]] == ["a", "b/x", "c"]
    assert page["files"][0]["digest"] == digest_of(b"a")
    assert rest["next"] is None
    assert client.get(f"{FILES}/a").status_code == 404
    assert client.delete(f"{FILES}/a").status_code == 200


@pytest.mark.parametrize("name", ["..%2Fa", "%2e%2e/a", "a//b", "%2Fetc/passwd", "a/%00", "%FF", "x" * 600])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_names_that_would_leave_the_folder_are_refused(unharmed: httpx.Client, method: str, name: str) -> None:
    answer = unharmed.request(method, f"{FILES}/{name}", content=b"x" if method == "PUT" else None)

    assert answer.status_code == 422


@pytest.mark.parametrize("content_type", [b"x" * 300, b"t\xe9xt"])
def test_a_content_type_that_cannot_be_kept_is_refused(unharmed: httpx.Client, content_type: bytes) -> None:
    answer = unharmed.put(f"{FILES}/a", content=b"", headers=[(b"content-type", content_type)])

    assert (answer.status_code, answer.json()["field"]) == (422, "content_type")


def test_a_record_cannot_name_content_that_was_never_uploaded(unharmed: httpx.Client) -> None:
    entry = FileEntry(digest=Digest("0" * 64), size=1, content_type="text/plain", modified_at=Instant(0.0))

    answer = unharmed.put(f"/v1/homes/{POOL1}/modules/DataConf/records/conf-1/a", content=encode_entry(entry))

    assert (answer.status_code, answer.json()["field"]) == (422, "value")


def test_a_file_for_a_home_served_elsewhere_is_refused_before_it_is_taken(front_end: FrontEndInTest) -> None:
    answer = front_end.client.put(f"/v1/homes/{POOL2}/conferences/c/files/a", content=b"x")

    assert (answer.status_code, answer.json()["serving_pool"]) == (421, POOL2)
    assert not list(front_end.context.opened.content.digests())


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path), limits=Limits(file_bytes=MIB)) as serving:
        answer = serving.client.put(f"{FILES}/a", content=(bytes(100_000) for _ in range(20)))

        assert answer.status_code == 413
        assert serving.client.get(f"{FILES}/a").status_code == 404
        assert not list((tmp_path / f"{POOL1}.content" / "incoming").iterdir())
    store.close()


def peak_memory() -> int:
    """Bytes that this process has had resident at most since the last reset."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def reset_peak_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def test_fifty_megabytes_go_in_and_out_with_flat_memory(client: httpx.Client) -> None:
    piece = os.urandom(MIB)
    client.put(f"{FILES}/warm-up", content=piece)
    client.get(f"{FILES}/warm-up")
    reset_peak_memory()
    before = peak_memory()

    assert client.put(f"{FILES}/large", content=(piece for _ in range(50))).status_code == 201
    received = 0
    with client.stream("GET", f"{FILES}/large") as answer:
        for part in answer.iter_bytes(MIB):
            received += len(part)

    assert received == 50 * MIB
    assert peak_memory() - before < 25 * MIB


def test_an_upload_that_is_cut_short_leaves_nothing(front_end: FrontEndInTest) -> None:
    folder = front_end.context.opened.content.root / "incoming"
    with socket.create_connection((front_end.context.front_end.host, front_end.port)) as connection:
        head = f"PUT {FILES}/cut HTTP/1.1\r\nHost: x\r\n{front_end.header_line}Content-Length: 5000000\r\n\r\n"
        connection.sendall(head.encode() + bytes(2 * MIB))
        wait_until(lambda: any(folder.iterdir()))

    wait_until(lambda: not any(folder.iterdir()))
    assert front_end.client.get(f"{FILES}/cut").status_code == 404


def test_a_client_that_trickles_is_given_up_and_holds_no_thread(tmp_path: Path) -> None:
    store = MemoryStore(POOL1)
    limits = Limits(threads=1, idle=0.3)
    with front_end_on(store, deployment_in(tmp_path), limits=limits) as serving:
        address = (serving.context.front_end.host, serving.port)
        connections = [socket.create_connection(address, timeout=20) for _ in range(5)]
        for number, connection in enumerate(connections):
            head = f"PUT {FILES}/slow{number} HTTP/1.1\r\nHost: x\r\n{serving.header_line}"
            connection.sendall(f"{head}Content-Length: 9\r\n\r\nx".encode())

        assert serving.client.put(f"{FILES}/quick", content=b"x").status_code == 201
        answers = [connection.recv(12) for connection in connections]

        assert answers == [b"HTTP/1.1 408"] * 5
        for connection in connections:
            connection.close()
    store.close()


def test_a_client_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path), limits=Limits(idle=0.3)) as serving:
        serving.client.put(f"{FILES}/large", content=(bytes(MIB) for _ in range(30)))
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(20)
            connection.connect((serving.context.front_end.host, serving.port))
            connection.sendall(f"GET {FILES}/large HTTP/1.1\r\nHost: x\r\n{serving.header_line}\r\n".encode())
            wait_until(lambda: opened_files(tmp_path) == 1)
            wait_until(lambda: opened_files(tmp_path) == 0)
    store.close()


def opened_files(folder: Path) -> int:
    """How many files of the content store this process has open."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            path = str(descriptor.readlink())
        except FileNotFoundError:  # closed meanwhile
            continue
        found += path.startswith(str(folder)) and ".content/" in path
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)
