"""A process that is killed while a term ends leaves the old term or the new one, and nothing of both."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import HOME, PARTNER, POOL, STREAM, committed, put, records
from tests.conformance.terms import Side, beginning
from twinpool.ports.store import Store
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import Position, Term
from twinpool.vocabulary.session import Cursor

#: For each number that it reads it does what it is told, in a process of its own that kills itself when it is about to
#: run a statement of the store that many times; how that ended it prints. Interpreter and imports are started once.
KILLED = """
import os, signal, sys
import psycopg, sqlite3
from tests.conformance.streams import HOME, MODULE, STREAM
from tests.conformance.terms import beginning
from twinpool.stores.opening import open_store
from twinpool.stores.postgresql import connections as on_server
from twinpool.stores.sqlite import connections as in_file

def count() -> None:
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

class ServerConnection(psycopg.Connection):
    def execute(self, *args, **options):
        count()
        return super().execute(*args, **options)

class FileConnection(sqlite3.Connection):
    def execute(self, *args):
        count()
        return super().execute(*args)
    def executemany(self, *args):
        count()
        return super().executemany(*args)

def work(url: str, pool: str, generation: int, what: str) -> None:
    store = open_store(url, pool)
    pooled = on_server.ConnectionPool
    on_server.ConnectionPool = lambda **options: pooled(connection_class=ServerConnection, **options)
    opened = sqlite3.connect
    sqlite3.connect = lambda *args, **options: opened(*args, **options, factory=FileConnection)
    for connections in [store._connections]:
        if hasattr(connections, "_writer") and connections._writer is not None:
            connections._forget()
    if what == "take_over":
        store.take_over(HOME, [MODULE], term=2, generation=generation)
    elif what == "give_up":
        store.give_up(HOME, [MODULE], term=2, to="pool2.lab", generation=generation)
    elif what == "demote":
        store.demote(HOME, [beginning(2, 2)], serving_pool="pool2.lab", term=2, generation=generation)
    else:
        session = store.import_progress(STREAM).session
        store.swap_in(STREAM, session=session, generation=generation)

url, pool, generation, what = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
for line in sys.stdin:
    left = int(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    try:
        work(url, pool, generation, what)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)
"""

AT_MOST = 120  #: statements that any of them takes


def run_to_the_end(stores: Stores, side: Side, what: str, check: object) -> int:
    """Kill it at every statement in turn; `check` says whether it is done. Return how many kills left the old state."""
    assert callable(check)
    told = [stores.url(side.store.pool), side.store.pool, str(side.generation), what]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdin is not None
        assert runner.stdout is not None
        for statements in range(AT_MOST):
            print(statements, file=runner.stdin, flush=True)
            ended = int(runner.stdout.readline())
            done = check()
            assert ended in {0, -signal.SIGKILL}
            if done:
                return statements
            assert ended, "it ended without having done it"
    pytest.fail("it never came to an end")


@pytest.fixture
def first(shared_stores: Stores) -> Side:
    side = Side(shared_stores.open(POOL))
    committed(side.store, *(put("o", str(n)) for n in range(1, 6)))
    return side


def standing(store: Store) -> tuple[object, ...]:
    """Return all that the end of a term changes."""
    return (
        store.homes(),
        store.history(HOME),
        store.head(STREAM),
        store.oldest(STREAM),
        store.import_progress(STREAM),
        store.repairs(STREAM, limit=10),
        store.count_orphans(HOME),
        store.log_size(STREAM),
    )


def changed_at_once(side: Side) -> object:
    """Return a check that the store is as before, or as after the whole."""
    before = standing(side.store)

    def done() -> bool:
        return standing(side.store) != before and side.status.term == 2

    def check() -> bool:
        assert (standing(side.store) != before) == (side.status.term == 2)
        return done()

    return check


def test_giving_up_is_done_wholly_or_not_at_all(shared_stores: Stores, first: Side) -> None:
    first.store.set_mode(HOME, Mode.READ_ONLY, generation=first.generation)
    kills = run_to_the_end(shared_stores, first, "give_up", changed_at_once(first))
    assert kills > 1
    assert first.store.history(HOME) == [beginning(2, 5)]
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(2), Position(5))


def test_giving_way_is_done_wholly_or_not_at_all(shared_stores: Stores, first: Side) -> None:
    kills = run_to_the_end(shared_stores, first, "demote", changed_at_once(first))
    assert kills > 3
    assert [each.position for each in first.store.orphans()] == [3, 4, 5]
    assert len(first.store.repairs(STREAM, limit=10)) == 3
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(1), Position(2))


def test_taking_over_is_done_wholly_or_not_at_all(shared_stores: Stores, first: Side) -> None:
    second = Side(shared_stores.open(PARTNER))
    second.import_from(first.store, up_to=4)
    kills = run_to_the_end(shared_stores, second, "take_over", changed_at_once(second))
    assert kills > 3
    assert second.store.history(HOME) == [beginning(2, 4)]
    assert committed(second.store, put("next")) == [5]


def test_a_comparison_that_is_killed_loses_no_orphan_and_finds_none_twice(shared_stores: Stores) -> None:
    first = Side(shared_stores.open(POOL))
    count = 25_000
    committed(first.store, *(put("o", f"{n:05}") for n in range(count)))
    while first.store.prune(STREAM, up_to=Position(count), generation=first.generation):
        pass
    first.store.demote(HOME, [beginning(2, 1)], serving_pool=PARTNER, term=Term(2), generation=first.generation)
    kept = [record for record in records(first.store, limit=5_000) if int(record.key) % 100]
    first.stage_all(kept, term=2, position=9)

    def swapped_in() -> bool:
        done = first.store.import_progress(STREAM).cursor is not None
        assert first.store.record_count(STREAM) == (len(kept) if done else count)
        return done

    kills = run_to_the_end(shared_stores, first, "swap_in", swapped_in)
    assert kills > 10
    assert [int(each.change.key) for each in first.store.orphans()] == list(range(0, count, 100))
    assert first.store.repairs(STREAM, limit=1) == []
