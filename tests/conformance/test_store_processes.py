"""Several front-end processes at one store."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

from tests.conformance.backends import Stores
from tests.conformance.streams import POOL, STREAM, records, replay, serve
from twinpool.stores.opening import open_store
from twinpool.vocabulary.names import ORIGIN

PROCESSES = 3
WRITES = 150

WRITE = """
import sys
from tests.conformance.streams import committed, put, serve
from twinpool.stores.opening import open_store
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_store(url, "pool1.lab")
serve(store)
for n in range(count):
    print(*committed(store, put("shared", str(n % 10), name.encode()), put(name, str(n))), flush=True)
store.close()
"""


def writers(url: str, count: int = WRITES) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITE, url, f"process {n}", str(count)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]


def test_processes_write_at_once_and_lose_nothing(shared_stores: Stores) -> None:
    url = shared_stores.url(POOL)
    positions: list[int] = []
    for process in writers(url):
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        positions += [int(word) for word in output.split()]
    store = shared_stores.open(POOL)
    change_sets = store.collect(STREAM, after=ORIGIN, max_changes=1 << 20, max_bytes=1 << 30)
    assert [each.position for each in change_sets] == sorted(positions)
    assert len(positions) == PROCESSES * WRITES * 2
    assert replay([each.payload for each in change_sets]) == records(store)


def test_processes_that_open_a_new_store_at_once_all_succeed(shared_stores: Stores) -> None:
    url = shared_stores.new_url()
    for process in writers(url, count=1):
        process.communicate(timeout=120)
        assert process.returncode == 0
    with closing(open_store(url, POOL)) as store:
        assert store.record_count(STREAM) == PROCESSES + 1


def test_what_a_killed_process_was_told_is_there(shared_stores: Stores) -> None:
    url = shared_stores.url(POOL)
    store = shared_stores.open(POOL)
    serve(store)
    told: list[int] = []
    processes = writers(url, count=100_000)
    for process in processes:
        assert process.stdout is not None
        told += [int(word) for _ in range(20) for word in process.stdout.readline().split()]
        process.kill()
        rest, _ = process.communicate()
        told += [int(word) for line in rest.splitlines(keepends=True) if line.endswith("\n") for word in line.split()]
    change_sets = store.collect(STREAM, after=ORIGIN, max_changes=1 << 20, max_bytes=1 << 30)
    assert set(told) <= {each.position for each in change_sets}
    assert replay([each.payload for each in change_sets]) == records(store)
