"""Many threads at one store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event, Thread

from tests.conformance.streams import (
    FIRST,
    FOR_LONG,
    HOME,
    STREAM,
    put,
    records,
    replay,
    replicate,
    serve,
    transaction,
)
from twinpool.errors import HomeReadOnly
from twinpool.ports.store import Store
from twinpool.stores.commit_group import CommitGroup
from twinpool.vocabulary.change import Committed, Transaction
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import ORIGIN, FrontEndName, Generation, Position

WRITERS = 8
WRITES = 60


@contextmanager
def running(*jobs: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Run jobs in threads; yield whether any still runs; raise what any raised."""
    failures: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
            failures.append(error)

    threads = [Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield lambda: any(thread.is_alive() for thread in threads)
    finally:
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def some_transaction(random: Random) -> Transaction:
    """Change records that other writers change, too."""
    return transaction(
        *[
            (f"o{random.randrange(4)}", f"k{random.randrange(6)}", random.choice([None, random.randbytes(8)]))
            for _ in range(random.randint(1, 5))
        ]
    )


def writer(store: Store, seed: int, outcomes: list[tuple[Position, Transaction]]) -> Callable[[], None]:
    """Return a job that writes and notes what was committed."""

    def job() -> None:
        random = Random(seed)
        for _ in range(WRITES):
            group = [some_transaction(random) for _ in range(random.randint(1, 4))]
            for written, outcome in zip(group, store.write(group), strict=True):
                if isinstance(outcome, Committed):
                    outcomes.append((outcome.position, written))
                else:
                    assert isinstance(outcome, HomeReadOnly)

    return job


def test_a_replica_fed_while_writers_run_equals_the_source(
    store: Store, replica: Store, generation: Generation
) -> None:
    serve(store)
    theirs = replica.acquire_lease(FrontEndName("fe1"), FOR_LONG).generation
    replica.note_session(STREAM, FIRST, generation=theirs)
    replica.begin(STREAM, session=FIRST, generation=theirs)
    outcomes: list[tuple[Position, Transaction]] = []
    random = Random(99)
    with running(*[writer(store, seed, outcomes) for seed in range(WRITERS)]) as still:
        while still():
            replicate(store, replica, session=FIRST, generation=theirs, max_changes=random.randint(1, 200))
            store.set_mode(HOME, random.choice([Mode.READ_ONLY, Mode.READ_WRITE]), generation=generation)
    while replicate(store, replica, session=FIRST, generation=theirs):
        pass
    assert records(replica) == records(store)
    cursor = replica.import_progress(STREAM).cursor
    assert cursor is not None
    assert cursor.position == store.head(STREAM) == store.settled(STREAM)
    change_sets = store.collect(STREAM, after=ORIGIN, max_changes=1 << 30, max_bytes=1 << 30)
    assert [(each.position, each.payload) for each in change_sets] == [
        (position, written.payload) for position, written in sorted(outcomes, key=lambda outcome: outcome[0])
    ]
    assert replay([each.payload for each in change_sets]) == records(store)
    assert store.pending(STREAM, after=ORIGIN).changes == sum(each.change_count for each in change_sets)


def test_after_read_only_is_durable_no_change_set_appears(store: Store, generation: Generation) -> None:
    serve(store)
    over = Event()

    def write() -> None:
        while not over.is_set():
            store.write([put("o", value=b"x")])

    with running(*[write] * WRITERS):
        try:
            for _ in range(10):
                store.set_mode(HOME, Mode.READ_ONLY, generation=generation)
                head, size, found = store.head(STREAM), store.log_size(STREAM), records(store)
                for _ in range(5):
                    assert (store.head(STREAM), store.log_size(STREAM)) == (head, size)
                    assert store.settled(STREAM) == head
                assert records(store) == found
                store.set_mode(HOME, Mode.READ_WRITE, generation=generation)
        finally:
            over.set()


def test_of_many_front_ends_that_race_for_the_lease_one_wins_each_generation(store: Store) -> None:
    won: list[Generation] = []

    def race(name: str) -> Callable[[], None]:
        def job() -> None:
            for _ in range(20):
                lease = store.acquire_lease(FrontEndName(name), FOR_LONG)
                won.append(lease.generation)

        return job

    with running(*[race("fe1")] * WRITERS):
        pass
    assert sorted(won) == list(range(1, WRITERS * 20 + 1))


def test_threads_that_commit_together_each_get_their_own_word(store: Store) -> None:
    serve(store)
    group = CommitGroup(store)
    positions: list[Position] = []

    def commit(owner: str) -> Callable[[], None]:
        def job() -> None:
            positions.extend(group.commit(put(owner, str(n))).position for n in range(40))

        return job

    with running(*[commit(f"o{n}") for n in range(WRITERS)]):
        pass
    assert len(set(positions)) == WRITERS * 40 == store.record_count(STREAM)
    assert max(positions) == store.head(STREAM)


def test_pruning_and_collecting_go_on_beside_writers(store: Store, generation: Generation) -> None:
    serve(store)
    outcomes: list[tuple[Position, Transaction]] = []
    collected: list[Position] = []
    with running(*[writer(store, seed, outcomes) for seed in range(4)]) as still:
        while still():
            after = collected[-1] if collected else ORIGIN
            collected += [
                each.position for each in store.collect(STREAM, after=after, max_changes=50, max_bytes=1 << 20)
            ]
            if collected:
                store.prune(STREAM, up_to=collected[-1], generation=generation)
    after = collected[-1] if collected else ORIGIN
    collected += [each.position for each in store.collect(STREAM, after=after, max_changes=1 << 20, max_bytes=1 << 30)]
    assert collected == sorted(position for position, _ in outcomes)
    while store.prune(STREAM, up_to=store.head(STREAM), generation=generation):
        pass
    assert store.log_size(STREAM) == 0
    assert store.oldest(STREAM) == store.head(STREAM)
