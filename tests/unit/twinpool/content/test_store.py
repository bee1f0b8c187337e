"""Content stands under its digest whole and right, or not at all."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.twinpool.content.samples import MIB, digest_of, mebibytes, stored
from twinpool.content.store import ContentStore
from twinpool.errors import ContentMissing, MalformedMessage, StoreUnavailable
from twinpool.vocabulary.names import Digest

HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "content")


def left_aside(store: ContentStore) -> list[str]:
    return sorted(path.name for path in (store.root / "incoming").iterdir())


def made_older(store: ContentStore, digest: Digest, by: timedelta) -> None:
    then = time.time() - by.total_seconds()
    os.utime(store.root / digest[:2] / digest, (then, then))


@contextmanager
def a_disk_that_takes(size: int) -> Iterator[None]:
    """No file may grow above a size, as on a full disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


# ── from a client ───────────────────────────────────────────────────────────────────────────────────────────


def test_content_is_found_under_its_digest(store: ContentStore) -> None:
    digest = stored(store, b"hello, ", b"world")

    assert digest == digest_of(b"hello, world")
    assert store.has(digest)
    assert store.size(digest) == 12
    with store.open(digest) as file:
        assert file.read() == b"hello, world"
    assert store.read_part(digest, 7, 100) == b"world"
    assert list(store.digests()) == [digest]
    assert left_aside(store) == []


def test_empty_content_is_content(store: ContentStore) -> None:
    digest = stored(store)

    assert store.has(digest)
    assert store.read_part(digest, 0, 10) == b""


def test_content_of_another_digest_than_expected_is_refused_and_forgotten(store: ContentStore) -> None:
    with store.incoming() as incoming:
        incoming.write(b"something")
        with pytest.raises(MalformedMessage, match="instead of"):
            incoming.keep(digest_of(b"something else"))

    assert list(store.digests()) == []
    assert left_aside(store) == []


def test_an_upload_that_breaks_off_leaves_nothing(store: ContentStore) -> None:
    with store.incoming() as incoming:
        incoming.write(b"half")

    assert left_aside(store) == []
    assert store.total_size() == 0


def test_the_same_content_stored_twice_is_there_once(store: ContentStore) -> None:
    assert stored(store, b"same") == stored(store, b"sa", b"me")
    assert store.total_size() == 4


def test_storing_content_again_heals_it(store: ContentStore) -> None:
    digest = stored(store, b"fragile")
    (store.root / digest[:2] / digest).write_bytes(b"broken!")
    with pytest.raises(ContentMissing, match="damaged"):
        store.verify(digest)

    stored(store, b"fragile")

    store.verify(digest)


def test_a_large_file_takes_little_memory(store: ContentStore) -> None:
    tracemalloc.start()
    try:
        with store.incoming() as incoming:
            for chunk in mebibytes(50):
                incoming.write(chunk)
            digest = incoming.keep().digest
        store.verify(digest)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert store.size(digest) == 50 * MIB
    assert peak < 4 * MIB


def test_two_processes_may_store_the_same_content_at_once(store: ContentStore) -> None:
    script = (
        "import sys; from pathlib import Path; from twinpool.content.store import ContentStore\n"
        "store = ContentStore(Path(sys.argv[1]))\n"
        "for _ in range(50):\n"
        "    with store.incoming() as incoming:\n"
        "        incoming.write(b'same' * 1000)\n"
        "        print(incoming.keep().digest)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(store.root)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    digest = digest_of(b"same" * 1000)
    assert [set(output.decode().split()) for output in outputs] == [{digest}] * 2
    store.verify(digest)
    assert left_aside(store) == []


# ── what is not there, or is no digest ──────────────────────────────────────────────────────────────────────


def test_missing_content_is_missing(store: ContentStore) -> None:
    digest = digest_of(b"never stored")

    assert not store.has(digest)
    assert not store.hold(digest)
    store.remove(digest)
    for read in (store.size, store.open, store.verify, lambda missing: store.read_part(missing, 0, 1)):
        with pytest.raises(ContentMissing):
            read(digest)


@pytest.mark.parametrize("digest", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "a/" * 32])
def test_what_is_no_digest_never_becomes_a_path(store: ContentStore, digest: str) -> None:
    wrong = Digest(digest)
    for use in (store.has, store.size, store.open, store.verify, store.hold, store.remove, store.partial):
        with pytest.raises(MalformedMessage):
            use(wrong)


def test_a_directory_that_cannot_be_made_is_an_unavailable_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnavailable, match="Not a directory"):
        ContentStore(tmp_path / "file" / "content")


# ── from another pool ───────────────────────────────────────────────────────────────────────────────────────


def test_a_partial_goes_on_where_it_stopped(store: ContentStore) -> None:
    digest = digest_of(b"part one, part two")

    assert store.partial(digest).size == 0
    assert store.partial(digest).write(0, b"part one, ") == 10
    assert ContentStore(store.root).partial(digest).size == 10
    assert not store.has(digest)
    store.partial(digest).write(10, b"part two")

    assert store.partial(digest).complete(18).size == 18
    store.verify(digest)
    assert left_aside(store) == []


def test_a_partial_never_has_a_hole(store: ContentStore) -> None:
    partial = store.partial(digest_of(b"abcdef"))

    assert partial.write(3, b"def") == 0
    assert partial.write(0, b"abc") == 3
    assert partial.write(0, b"ab") == 3
    assert partial.write(2, b"cd") == 4
    assert partial.write(4, b"ef") == 6
    assert partial.complete(6).digest == digest_of(b"abcdef")


@pytest.mark.parametrize(("data", "total"), [(b"abcdeX", 6), (b"abcde", 6), (b"abcdef", 7)])
def test_a_partial_that_turns_out_wrong_is_forgotten(store: ContentStore, data: bytes, total: int) -> None:
    partial = store.partial(digest_of(b"abcdef"))
    partial.write(0, data)

    with pytest.raises(MalformedMessage):
        partial.complete(total)

    assert partial.size == 0
    assert left_aside(store) == []


def test_completing_twice_is_noticed_and_harms_nothing(store: ContentStore) -> None:
    """As when a former active front end wakes up late in the middle of a file."""
    digest = digest_of(b"abc")
    store.partial(digest).write(0, b"abc")
    late = store.partial(digest)
    store.partial(digest).complete(3)

    assert late.write(3, b"more") == 0
    with pytest.raises(MalformedMessage):
        late.complete(3)

    store.verify(digest)


def test_several_threads_may_write_one_partial(store: ContentStore) -> None:
    chunks = list(mebibytes(8))
    digest = digest_of(*chunks)
    wrong: list[int] = []

    def fetch() -> None:
        for number, chunk in enumerate(chunks):
            if store.partial(digest).write(number * MIB, chunk) < (number + 1) * MIB:
                wrong.append(number)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert store.partial(digest).complete(8 * MIB).digest == digest


def test_a_full_disk_is_an_unavailable_store_and_the_partial_survives(store: ContentStore) -> None:
    first, second = mebibytes(2)
    partial = store.partial(digest_of(first, second))
    partial.write(0, first)

    with a_disk_that_takes(MIB + MIB // 2), pytest.raises(StoreUnavailable, match="File too large"):
        partial.write(MIB, second)

    assert partial.size >= MIB
    partial.write(MIB, second)
    partial.complete(2 * MIB)


def test_a_full_disk_leaves_nothing_of_an_upload(store: ContentStore) -> None:
    with store.incoming() as incoming, a_disk_that_takes(MIB // 2), pytest.raises(StoreUnavailable):
        incoming.write(bytes(MIB))

    assert left_aside(store) == []


# ── sweeping ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sweep_removes_what_nothing_names_after_the_time_of_grace(store: ContentStore) -> None:
    named, young, old = (stored(store, word) for word in (b"named", b"young", b"old one"))
    for digest in (named, old):
        made_older(store, digest, 2 * HOUR)

    swept = store.sweep({named}.__contains__, older_than=HOUR)

    assert (swept.files, swept.bytes) == (1, len(b"old one"))
    assert set(store.digests()) == {named, young}


def test_content_that_is_held_survives_a_sweep(store: ContentStore) -> None:
    digest = stored(store, b"soon named again")
    made_older(store, digest, 2 * HOUR)

    assert store.hold(digest)

    assert store.sweep(lambda _: False, older_than=HOUR).files == 0


def test_a_sweep_removes_what_was_begun_and_given_up(store: ContentStore) -> None:
    given_up, going_on = store.partial(digest_of(b"a")), store.partial(digest_of(b"b"))
    for partial in (given_up, going_on):
        partial.write(0, b"?")
    path = store.root / "incoming" / f"{digest_of(b'a')}.partial"
    os.utime(path, (0, 0))

    store.sweep(lambda _: False, older_than=HOUR)

    assert (given_up.size, going_on.size) == (0, 1)
