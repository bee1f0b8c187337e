"""A process that is killed at any moment leaves records and cursor of one moment."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import POOL, STREAM, records

KEYS = 200

APPLY = """
import sys
from tests.conformance.streams import FIRST, FOR_LONG, STREAM
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change
store, keys = open_store(sys.argv[1], "pool1.lab"), int(sys.argv[2])
generation = store.acquire_lease("fe1", FOR_LONG).generation
store.note_session(STREAM, FIRST, generation=generation)
store.begin(STREAM, session=FIRST, generation=generation)
for n in range(1_000_000):
    changes = [Change("o", f"{key:05}", b"%d" % (n + 1)) for key in range(keys)]
    store.apply(STREAM, changes, session=FIRST, after=n, upto=n + 1, generation=generation)
    print(n + 1, flush=True)
"""


@pytest.mark.parametrize("batches", [1, 4, 9])
def test_a_batch_is_there_wholly_or_not_at_all(shared_stores: Stores, batches: int) -> None:
    store = shared_stores.open(POOL)
    command = [sys.executable, "-c", APPLY, shared_stores.url(POOL), str(KEYS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(batches)]
        process.kill()
        told += [int(line) for line in process.stdout.readlines() if line.endswith("\n")]
    cursor = store.import_progress(STREAM).cursor
    assert cursor is not None
    assert cursor.position >= told[-1]
    assert {(len(records(store)), record.value) for record in records(store)} == {(KEYS, b"%d" % cursor.position)}
