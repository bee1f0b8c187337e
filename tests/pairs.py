"""A pair of pools in this process: real workers, over stores and links that the test chooses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from twinpool.brokers.memory import MemoryBroker
from twinpool.brokers.topology import CONTROL, Topology
from twinpool.content.store import ContentStore
from twinpool.modules.registry import load_modules
from twinpool.ports.broker import Link
from twinpool.ports.store import Store
from twinpool.stopping import Stop
from twinpool.vocabulary.change import Change, Committed, Record, RecordKey, Transaction
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pair, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import CMS_HOME, FrontEndName, Home, ModuleName, PoolFqdn, Stream, Term
from twinpool.vocabulary.states import BackupStatus, ExportState, ModuleStatus
from twinpool.wire import encode_changes
from twinpool_services.backup import Configurations, initial_homes, read_status
from twinpool_services.backup.election import Candidate
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.worker import Worker

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
PRESENCE = ModuleName("UserServices.PresenceFocus")
DATA_CONF = ModuleName("ConfServices.DataConf")
CMS_MASTER = ModuleName("CentralMgmt.CMSMaster")
CONTACTS = Stream(Home(P1), PRESENCE)
FILES = Stream(Home(P1), DATA_CONF)
CMS = Stream(CMS_HOME, CMS_MASTER)
MODULES = load_modules()
LEASE = timedelta(seconds=1)
PATIENCE = 90.0  #: seconds; a bound for what never happens, not a measure of what does


def eventually(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition holds; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        pause.wait(0.02)


def deployment(directory: Path) -> Deployment:
    """Two pools that back each other up, with two front ends each."""
    pools = tuple(
        Pool(
            fqdn=fqdn,
            store=f"sqlite:///{directory}/{fqdn}.db",
            content=directory / fqdn,
            broker_url="amqp://127.0.0.1",
            front_ends=tuple(_front_end(fqdn, number, 8000 + 10 * at + number) for number in (1, 2)),
        )
        for at, fqdn in enumerate((P1, P2))
    )
    return Deployment(cms_master=P1, lease_duration=LEASE, pools=pools, pairs=(Pair(first=P1, second=P2),))


def _front_end(pool: PoolFqdn, number: int, port: int) -> FrontEnd:
    name = FrontEndName(f"fe{number}.{pool}")
    return FrontEnd(name=name, host="127.0.0.1", port=port, address=f"http://127.0.0.1:{port}")


@dataclass
class RunningPool:
    """One pool, and its front ends that stand for election in threads of this process."""

    premises: Premises
    _running: dict[str, tuple[Stop, threading.Thread, Candidate]] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.premises.store

    @property
    def active(self) -> str | None:
        """Name of the front end that holds the lease."""
        lease = self.store.current_lease()
        return lease.holder if lease else None

    def start(self, number: int) -> None:
        """Let a front end stand for election."""
        name = FrontEndName(f"fe{number}.{self.premises.pool}")
        stop, candidate = Stop(), Candidate(self.store, name, LEASE)

        def work(tenure: Tenure) -> None:
            with stop.calling(lambda: tenure.end("the test stops it")):
                Worker(self.premises, tenure).run()

        thread = threading.Thread(target=candidate.run, args=(work, stop), name=name)
        thread.start()
        self._running[name] = stop, thread, candidate

    def stop(self, name: str) -> None:
        """Stop a front end in order."""
        stop, thread, _ = self._running.pop(name)
        stop.request("test")
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{name} has not stopped"

    def stop_all(self) -> None:
        for name in list(self._running):
            self.stop(name)

    def write(self, stream: Stream, *changes: Change) -> Committed:
        """Commit changes as one transaction."""
        transaction = Transaction(stream=stream, changes=changes, payload=encode_changes(changes))
        (outcome,) = self.store.write([transaction])
        assert isinstance(outcome, Committed), outcome
        return outcome

    def put(self, key: str, value: bytes, owner: str = "alice@lab") -> Committed:
        """Put one record of presence."""
        return self.write(CONTACTS, Change(owner, key, value))

    def records(self, stream: Stream = CONTACTS) -> list[Record]:
        """Return all records of a stream."""
        found: list[Record] = []
        after: RecordKey | None = None
        while page := self.store.scan(stream, after=after, limit=1_000):
            found += page
            after = RecordKey(*page[-1][:2])
        return found

    def status(self) -> BackupStatus:
        premises = self.premises
        premises.configurations.forget()
        return read_status(
            premises.store, premises.deployment, premises.pool, MODULES, premises.configurations.current()
        )

    def module(self, name: ModuleName = PRESENCE) -> ModuleStatus:
        """Return the status of one module."""
        return next(row for row in self.status().modules if row.identity == name)


@dataclass(frozen=True)
class RunningPair:
    """Two pools that back each other up."""

    first: RunningPool
    second: RunningPool

    def in_step(self, stream: Stream = CONTACTS) -> bool:
        """Whether both pools hold the same records of a stream."""
        return self.first.records(stream) == self.second.records(stream)

    def await_final(self) -> None:
        """Wait until nothing is left to send either way."""
        eventually(lambda: all(map(_is_final, (self.first, self.second))), "final state both ways")


def _is_final(pool: RunningPool) -> bool:
    rows = pool.status().modules
    exported = rows if pool.premises.pool == P1 else rows[:-1]  # The CMS is exported by its master alone.
    return all(row.export_state is ExportState.FINAL for row in exported)


Links = Callable[[Topology], Link]


@contextmanager
def running_pair(
    directory: Path, stores: Callable[[PoolFqdn], Store], links: Links, front_ends: int = 1
) -> Iterator[RunningPair]:
    """Run a pair until the block is left."""
    laid_out = deployment(directory)
    pools = [RunningPool(_premises(laid_out, fqdn, stores(fqdn), links)) for fqdn in (P1, P2)]
    try:
        for pool in pools:
            for number in range(1, front_ends + 1):
                pool.start(number)
        yield RunningPair(*pools)
    finally:
        for pool in pools:
            pool.stop_all()
            pool.store.close()


def memory_links(broker: MemoryBroker) -> Links:
    """Link to a broker in memory."""
    return broker.link


def _premises(laid_out: Deployment, fqdn: PoolFqdn, store: Store, links: Links) -> Premises:
    for home, serving in initial_homes(laid_out, fqdn):
        store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=serving, mode=Mode.READ_WRITE))
    other = P2 if fqdn == P1 else P1
    topology = Topology(pool=fqdn, speakers=(other,), subjects=(CONTROL, *MODULES.names))
    return Premises(
        deployment=laid_out,
        pool=fqdn,
        store=store,
        modules=MODULES,
        content=ContentStore(laid_out.pool(fqdn).content),
        configurations=Configurations(store, CMS),
        new_link=lambda: links(topology),
    )
