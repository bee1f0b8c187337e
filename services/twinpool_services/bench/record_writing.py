"""Writes records straight into a pool's store, as its front ends would."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.names import Stream
from twinpool.wire import encode_changes
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.lab import Display

CHANGES = 1_000  #: of one transaction
GROUP = 50  #: transactions that are committed at once
VALUE_BYTES = 96


def write_records(store: Store, stream: Stream, records: int, shown: Display) -> None:
    """Write so many records, numbered from 0. Raises `BenchFailed`."""
    with shown.step("Writing", records) as step:
        for first in range(0, records, GROUP * CHANGES):
            last = min(first + GROUP * CHANGES, records)
            write_groups(store, stream, [range(at, min(at + CHANGES, last)) for at in range(first, last, CHANGES)])
            step.show(last, records)


def write_groups(store: Store, stream: Stream, groups: Sequence[Sequence[int]]) -> None:
    """Write records by their numbers, each group in a transaction. Raises `BenchFailed`."""
    outcomes = store.write([transaction(stream, numbers) for numbers in groups])
    if failed := [outcome for outcome in outcomes if isinstance(outcome, Exception)]:
        raise BenchFailed(f"not written: {failed[0]}")


def transaction(stream: Stream, numbers: Sequence[int]) -> Transaction:
    """Give the records of these numbers new values."""
    changes = tuple(
        Change(f"user{number // 10:06}@bench.lab", f"contacts/{number % 10}", os.urandom(VALUE_BYTES))
        for number in numbers
    )
    return Transaction(stream=stream, changes=changes, payload=encode_changes(changes))
