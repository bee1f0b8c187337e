"""The process that writes a load. `python -m twinpool_services.bench.lag.writer_process WHOM`.

The first line of its standard input names the store and the load. It says `ready`, begins at `go`, says `began`
with the time, and in the end `written` with the position of every change.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from twinpool.errors import TwinpoolError
from twinpool.interpreter import tune_the_interpreter
from twinpool.logs import configure_logging
from twinpool.ports.store import Records
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Transaction
from twinpool.wire import encode_changes
from twinpool_services.bench.bench_pools import SOURCE, STREAM
from twinpool_services.bench.child_side import hear, say
from twinpool_services.bench.lag.load import Load
from twinpool_services.bench.lag.writing import Write, write_on_time

MODULE = "twinpool_services.bench.lag.writer_process"
HEAD_START = 100_000_000  #: nanoseconds from `began` to the first change that is due


def main() -> None:
    """Write one load."""
    configure_logging(level="WARNING")
    told = hear()
    load = Load(**told["load"])
    with _writing(told) as write:
        tune_the_interpreter()
        say("ready")
        if not hear():
            return
        began_ns = time.monotonic_ns() + HEAD_START
        say("began", began_ns=began_ns)
        say("written", **write_on_time(load, began_ns, write).to_plain())
        hear()  # Whoever started us reads our figures first.


@contextmanager
def _writing(told: Mapping[str, Any]) -> Iterator[Write]:
    with closing(open_store(told["store"], SOURCE)) as store:
        yield lambda changes: captured(store, changes)


def captured(store: Records, changes: Sequence[Change]) -> list[int]:
    """Write changes with capture, each a transaction. Raises what refuses one."""
    positions = []
    for outcome in store.write([_transaction(change) for change in changes]):
        if isinstance(outcome, TwinpoolError):
            raise outcome
        positions.append(int(outcome.position))
    return positions


def _transaction(change: Change) -> Transaction:
    return Transaction(stream=STREAM, changes=(change,), payload=encode_changes((change,)))


if __name__ == "__main__":
    main()
