"""Writes a load on time, as a front end does: what is due when the store is free shares a commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Self

from twinpool.stores.commit_group import MOST_TOGETHER
from twinpool.vocabulary.change import Change
from twinpool_services.bench.lag.load import NANO, Load

#: Writes changes, each a transaction, and returns their positions once they are durable.
Write = Callable[[Sequence[Change]], list[int]]


@dataclass(kw_only=True)
class Written:
    """What became of a load at the source."""

    began_ns: int  #: monotonic; one clock for all processes of a machine
    positions: list[int] = field(default_factory=list)  #: of the changes, in their order
    committed_ns: list[tuple[int, int]] = field(default_factory=list)  #: changes so far, and when they were durable

    def to_plain(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Self:
        """Read what `to_plain` wrote."""
        return cls(**{**plain, "committed_ns": [(count, at) for count, at in plain["committed_ns"]]})


def write_on_time(load: Load, began_ns: int, write: Write) -> Written:
    """Write all changes, none before it is due, and none later than the store lets us.

    One thread is enough: in a front end, too, one writer at a time leads all that wait into the store.
    """
    written, rows, done = Written(began_ns=began_ns), load.backlog.rows(), 0
    while done < load.count:
        due = load.due_by(time.monotonic_ns() - began_ns)
        if due == done:
            _wait_until(began_ns + load.due_ns(done))
            continue
        changes = _next(rows, min(due - done, MOST_TOGETHER))
        written.positions += write(changes)
        done += len(changes)
        written.committed_ns.append((done, time.monotonic_ns()))
    return written


def _next(rows: Iterator[Change], count: int) -> list[Change]:
    return list(islice(rows, count))


def _wait_until(at_ns: int) -> None:
    time.sleep(max(0, at_ns - time.monotonic_ns()) / NANO)


__all__ = ["Write", "Written", "write_on_time"]
