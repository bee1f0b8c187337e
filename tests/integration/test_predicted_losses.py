"""What a plan says will be missing after a disaster is what becomes orphans when the pool returns, in many seeded runs.

The backup pool does not import while the other goes on writing until its window is full, and longer. Then the writing
pool is gone for good. The backup pool comes back, applies what it can, plans, and takes over alone; the other returns.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.pairs import CMS, CONTACTS, FILES, MODULES, P1, P2, RunningPair, RunningPool, eventually, running_pair
from tests.parting import PartedBroker
from twinpool.brokers.topology import CONTROL, queue_to
from twinpool.failover.operation import Kind, Options, Step
from twinpool.failover.plan import LossPlan
from twinpool.ports.broker import Delivery
from twinpool.ports.store import Store
from twinpool.protocol.messages import Batch, Open
from twinpool.stores.memory import MemoryStore
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Committed, Record, Transaction
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD, BackupServiceConfiguration
from twinpool.vocabulary.names import ORIGIN, Home, PoolFqdn, Position, Stream
from twinpool.vocabulary.states import ExportState
from twinpool.wire import decode, encode_changes
from twinpool_services.backup import FailoverWish, find_failover, plan_failover, request_failover

HOME = Home(P1)
STREAMS = (CONTACTS, FILES)
LONG = 60.0  #: seconds; a bound for what never happens


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "disaster" in metafunc.fixturenames:
        metafunc.parametrize("disaster", range(metafunc.config.getoption("--disasters")))


@dataclass
class Wrote:
    """Everything that clients were told is stored, in order, per stream."""

    sets: dict[Stream, list[tuple[Position, tuple[Change, ...]]]] = field(
        default_factory=lambda: {stream: [] for stream in STREAMS}
    )

    def write(self, pool: RunningPool, stream: Stream, change_sets: list[tuple[Change, ...]]) -> None:
        """Commit change sets together."""
        outcomes = pool.store.write(
            [Transaction(stream=stream, changes=each, payload=encode_changes(each)) for each in change_sets]
        )
        for changes, outcome in zip(change_sets, outcomes, strict=True):
            assert isinstance(outcome, Committed), outcome
            self.sets[stream].append((outcome.position, changes))

    def after(self, stream: Stream, position: Position) -> list[tuple[Position, tuple[Change, ...]]]:
        return [each for each in self.sets[stream] if each[0] > position]

    def records(self, stream: Stream, *, upto: Position) -> list[Record]:
        """Replay change sets, as an independent judge of what a store should hold."""
        held: dict[tuple[str, str], bytes] = {}
        for position, changes in self.sets[stream]:
            for change in changes if position <= upto else ():
                if change.value is None:
                    held.pop((change.owner, change.key), None)
                else:
                    held[change.owner, change.key] = change.value
        return [Record(owner, key, value) for (owner, key), value in sorted(held.items())]


@dataclass
class Dice:
    """Everything that a seed decides."""

    random: random.Random

    def settings(self) -> BackupServiceConfiguration:
        usual = BackupServiceConfiguration()
        return usual.changed(
            MaxChangesPerBatch=self.random.randint(1, 6),
            Window=self.random.randint(1, 4),
            AckTimeout="00:00:01",
            Linger="00:00:00",
        )

    def change_sets(self, stream: Stream, count: int) -> list[tuple[Change, ...]]:
        return [tuple(self._changes(stream)) for _ in range(count)]

    def _changes(self, stream: Stream) -> Iterator[Change]:
        owners = ["alice@lab", "bob@lab"]
        keys = self.random.sample([(owner, f"key-{number}") for owner in owners for number in range(12)], k=4)
        for owner, key in keys[: self.random.randint(1, 4)]:
            # What a deleted file had held need not travel, so that no content is needed here.
            gone = stream == FILES or self.random.random() < 0.2
            yield Change(owner, key, None if gone else self.random.randbytes(8).hex().encode())


@contextmanager
def small_pair(directory: Path, broker: PartedBroker, dice: Dice) -> Iterator[RunningPair]:
    """A pair in which batches are small and windows narrow."""
    settings = dice.settings()
    on_disk = dice.random.random() < 0.2

    def store(fqdn: PoolFqdn) -> Store:
        return open_store(f"sqlite:///{directory}/{fqdn}.db", fqdn) if on_disk else MemoryStore(fqdn)

    with running_pair(directory, store, broker.link, front_ends=0) as pair:
        document = json.dumps(settings.to_document()).encode()
        pair.first.write(CMS, Change(*CONFIGURATION_RECORD, document))
        for pool in (pair.first, pair.second):
            pool.start(1)
        eventually(lambda: pair.in_step(CMS), "the configuration has come over", LONG)
        for pool in (pair.first, pair.second):
            eventually(partial(has_settings, pool, settings), "it is known", LONG)
        yield pair


def is_told(broker: PartedBroker, stream: Stream, head: Position) -> bool:
    """Whether something that lies in the second pool's queues tells of a head."""
    heads = [Position(0)]
    queues = [queue_to(P2, subject) for subject in (stream.module, CONTROL)]
    for at, message in enumerate(each for queue in queues for each in broker.messages(queue)):
        letter = Delivery(
            queue="",
            content_type=message.content_type,
            headers=message.headers,
            body=message.body,
            tag=at,
            epoch=0,
            redelivered=False,
        )
        envelope = decode(letter)
        if envelope.stream == stream and isinstance(envelope.message, Open | Batch):
            heads.append(envelope.message.head)
    return max(heads) >= head


def has_settings(pool: RunningPool, settings: BackupServiceConfiguration) -> bool:
    return pool.premises.configurations.current() == settings


def plan_of(pool: RunningPool) -> LossPlan:
    return plan_failover(pool.store, pool.premises.deployment, MODULES, HOME)


def write_unheard(pair: RunningPair, broker: PartedBroker, dice: Dice, wrote: Wrote) -> None:
    """Let the second pool be away while the first goes on, until all that it will ever tell has been told."""
    pair.second.stop_all()
    for stream in STREAMS:
        for _ in range(dice.random.randint(0, 4)):
            wrote.write(pair.first, stream, dice.change_sets(stream, dice.random.randint(1, 10)))
    for stream in STREAMS:
        head = pair.first.store.head(stream)
        stands = pair.second.store.import_progress(stream).cursor
        if stands is None or stands.position < head:
            eventually(partial(is_told, broker, stream, head), f"{stream}: {head} is told", LONG)
    if dice.random.random() < 0.5:
        broker.part(P1)
    pair.first.stop_all()


def is_heard(pool: RunningPool, heads: Mapping[Stream, Position]) -> bool:
    """Whether a plan knows of these heads, or of nothing that is missing because nothing is."""
    known = {loss.module: max(loss.heard_head or ORIGIN, loss.acknowledged) for loss in plan_of(pool).losses}
    return all(known[stream.module] >= head for stream, head in heads.items())


def take_over_alone(pool: RunningPool, heads: dict[Stream, Position]) -> LossPlan:
    """Wait until nothing new is heard, plan, and carry the plan out."""
    pool.start(1)
    eventually(partial(is_heard, pool, heads), "the plan knows of everything that was told", LONG)
    plan = plan_of(pool)
    wish = FailoverWish(home=HOME, kind=Kind.DISASTER, options=Options(wait_time=10.0), plan_token=plan.token)
    asked = request_failover(pool.store, pool.premises.deployment, MODULES, wish)
    eventually(lambda: find_failover(pool.store, asked.id).has_ended, "it has taken over", LONG)
    assert find_failover(pool.store, asked.id).step is Step.DONE
    return plan


def return_of(pair: RunningPair, broker: PartedBroker) -> None:
    broker.join(P1)
    pair.first.start(1)
    eventually(lambda: all(map(pair.in_step, STREAMS)) and knows(pair.first), "the first has come back", LONG)
    eventually(lambda: pair.second.module().export_state is ExportState.FINAL, "nothing is missing any more", LONG)


def knows(pool: RunningPool) -> bool:
    return any(each.home == HOME and each.serving_pool == P2 for each in pool.store.homes())


def test_predicted_losses_are_the_orphans(tmp_path: Path, disaster: int) -> None:
    dice, wrote, broker = Dice(random.Random(disaster)), Wrote(), PartedBroker()
    with small_pair(tmp_path, broker, dice) as pair:
        for stream in STREAMS:
            wrote.write(pair.first, stream, dice.change_sets(stream, dice.random.randint(1, 12)))
        pair.await_final()
        eventually(lambda: all(loss.heard_head for loss in plan_of(pair.second).losses), "heads are noted", LONG)
        write_unheard(pair, broker, dice, wrote)
        heads = {stream: pair.first.store.head(stream) for stream in STREAMS}
        plan = take_over_alone(pair.second, heads)
        forks = {loss.module: loss.acknowledged for loss in plan.losses}
        for stream in STREAMS:
            assert pair.first.records(stream) == wrote.records(stream, upto=heads[stream])
            assert pair.second.records(stream) == wrote.records(stream, upto=forks[stream.module])
        later = Wrote()
        later.write(pair.second, CONTACTS, dice.change_sets(CONTACTS, dice.random.randint(0, 3)))
        expected = pair.second.records(CONTACTS)
        return_of(pair, broker)

        for loss in plan.losses:
            stream = Stream(HOME, loss.module)
            lost = wrote.after(stream, loss.acknowledged)
            orphans = [each for each in pair.first.store.orphans(limit=10_000) if each.stream == stream]
            assert loss.positions == len(lost) == len({each.position for each in orphans})
            assert [(each.position, each.change) for each in orphans] == [
                (position, change) for position, changes in lost for change in changes
            ]
        assert pair.first.records(CONTACTS) == pair.second.records(CONTACTS) == expected
        assert pair.second.store.count_orphans(HOME) == 0
