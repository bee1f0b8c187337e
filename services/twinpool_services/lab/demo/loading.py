"""Loads the pools: everything at first, then a steady stream of changes while something is broken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from twinpool.http_client import client_of
from twinpool.security.credentials import authorization
from twinpool.vocabulary.deployment import Deployment, Pool
from twinpool_services.lab.demo.answers import Answers
from twinpool_services.lab.demo.sample_data import (
    SampleFile,
    file_of_round,
    presence_of_user,
    records_of_user,
)
from twinpool_services.lab.demo.writer import TIMEOUT, Writer

Item = TypeVar("Item")

USERS_A_REQUEST = 200
FILES_A_TURN = 16
WRITERS = 4  #: threads of the first load
CHANGES_A_REQUEST = 400  #: of the steady load
PACE = 0.1  #: seconds from one request of the steady load to the next, for each writer
FILE_EVERY = 3  #: so many requests of the steady load there is a file as well


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load has written, and how often a write had to be sent again."""

    changes: int = 0
    again: int = 0
    longest: float = 0.0  #: seconds that the slowest write took until it was answered

    def plus(self, other: Loaded) -> Loaded:
        """Add up."""
        return Loaded(self.changes + other.changes, self.again + other.again, max(self.longest, other.longest))


@dataclass(frozen=True, slots=True)
class Target:
    """The pool that is written to, what shows it who we are, and where its answers are noted."""

    deployment: Deployment
    pool: Pool
    answers: Answers

    def writer(self, first: int) -> Writer:
        """Return a writer that begins with the `first` of the pool's front ends."""
        headers = authorization(self.deployment, environment={})
        return Writer(
            self.pool, self.answers, client_of(self.deployment, timeout=TIMEOUT, headers=headers), first=first
        )


def load_users(target: Target, numbers: Sequence[int], users: int, done: Callable[[int], None]) -> None:
    """Write everything that users own, each user's in one transaction."""

    def write(writer: Writer, some: Sequence[int]) -> None:
        transactions = [records_of_user(number, users) for number in some]
        writer.write(transactions)
        done(sum(map(len, transactions)))

    _share_out(target, _groups(numbers, USERS_A_REQUEST), write)


def load_files(target: Target, files: Sequence[SampleFile], done: Callable[[int], None]) -> None:
    """Upload files."""

    def upload(writer: Writer, some: Sequence[SampleFile]) -> None:
        for file in some:
            writer.upload(file)
            done(file.size)

    _share_out(target, _groups(files, FILES_A_TURN), upload)


def _share_out(
    target: Target,
    groups: Iterable[Sequence[Item]],
    work: Callable[[Writer, Sequence[Item]], None],
) -> None:
    """Have several writers work groups off. Raises what the first that fails raises."""
    waiting, guard, stop = iter(groups), threading.Lock(), threading.Event()

    def run(number: int) -> None:
        with target.writer(number) as writer:
            while not stop.is_set():
                with guard:
                    group = next(waiting, None)
                if group is None:
                    return
                work(writer, group)

    with ThreadPoolExecutor(WRITERS, thread_name_prefix="writer") as executor:
        futures = [executor.submit(run, number) for number in range(WRITERS)]
        _await(futures, stop)


def _await(futures: Sequence[Future[None]], stop: threading.Event) -> None:
    """Wait for all; whatever goes wrong, the others are asked to stop."""
    try:
        for future in as_completed(futures):
            future.result()
    finally:
        stop.set()


class SteadyLoad:
    """Writes to a pool until stopped: presence in bulk by one writer a front end, and a file now and then."""

    def __init__(self, target: Target, numbers: Sequence[int]) -> None:
        """Write on behalf of these users."""
        self._target, self._numbers = target, numbers
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self.loaded = Loaded()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write while the block runs. Raises what a writer raised."""
        writers = len(self._target.pool.front_ends)
        with ThreadPoolExecutor(writers, thread_name_prefix="load") as executor:
            futures = [executor.submit(self._run, nth, self._numbers[nth::writers]) for nth in range(writers)]
            try:
                yield
            finally:
                self._stop.set()
            for future in futures:
                future.result()

    def _run(self, nth: int, numbers: Sequence[int]) -> None:
        round_ = 0
        with self._target.writer(nth) as writer:
            while not self._stop.wait(PACE):
                round_ += 1
                chosen = [numbers[(round_ * CHANGES_A_REQUEST + at) % len(numbers)] for at in range(CHANGES_A_REQUEST)]
                # A user is named once in a request, for the order of equal keys is that of their transactions.
                changes = [presence_of_user(number, round_) for number in dict.fromkeys(chosen)]
                writer.write([[change] for change in changes])
                if nth == 0 and round_ % FILE_EVERY == 0:
                    writer.upload(file_of_round(self._target.pool.fqdn, round_))
                self._note(Loaded(len(changes)))
            self._note(Loaded(0, writer.turns.again, writer.turns.longest))

    def _note(self, more: Loaded) -> None:
        with self._guard:
            self.loaded = self.loaded.plus(more)


def _groups(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group
