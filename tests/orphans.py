"""A pool that came back with changes that nobody else has, and its partner that serves: real stores and front ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.conformance.streams import HOME, STREAM, committed, put, transaction
from tests.conformance.terms import Side
from tests.front_ends import POOL1, POOL2, FrontEndInTest, deployment_in, front_end_on
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.stores.untouched import Witness
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import ORIGIN, PoolFqdn, Term

SECOND_TERM = Term(2)
ORPHANS = f"/v1/pools/{POOL1}/orphans"

#: What becomes of each owner's orphan, by what the serving pool has done; `late` is changed only after the return.
EXPECTED = {
    "there": "AlreadyThere",
    "safe": "SafeToReplay",
    "new": "SafeToReplay",
    "gone": "SafeToReplay",
    "conflict": "Conflict",
    "deleted": "Deleted",
    "late": "Conflict",
}


@dataclass(frozen=True)
class Parted:
    """The two pools after the return of the first one."""

    first: Side  #: has the ledger
    second: Side  #: serves

    def number(self, owner: str) -> int:
        """Return the number of an owner's last orphan."""
        return max(each.number for each in self.first.store.orphans() if each.change.owner == owner)


def part(first: Store, second: Store) -> Parted:
    """Both pools go on alone; then the first one gives way, and is repaired. One record has two orphans."""
    sides = Parted(Side(first), Side(second))
    committed(first, *(put(name, value=b'{"v": "shared"}') for name in EXPECTED if name != "new"))
    sides.second.import_from(first)
    committed(first, put("safe", value=b'{"v": "older"}'))
    committed(first, *(put(name, value=b'{"v": "orphan"}') for name in EXPECTED if name != "gone"))
    committed(first, transaction(("gone", "k", None)))
    sides.second.take_over(SECOND_TERM)
    committed(second, put("there", value=b'{"v": "orphan"}'), put("conflict", value=b'{"v": "newer", "w": 1}'))
    committed(second, transaction(("deleted", "k", None)))
    give_way(sides)
    committed(second, put("late", value=b'{"v": "newer"}'))
    return sides


def give_way(sides: Parted) -> None:
    """Demote the first pool, and repair and import what it was told to forget."""
    sides.first.demote_to(sides.second)
    keys = sides.first.store.repairs(STREAM, limit=1_000)
    untouched = Witness(sides.second.store).untouched(STREAM, keys, SECOND_TERM)
    sides.second.store.touch(STREAM, keys)
    sides.first.store.note_repaired(STREAM, keys, untouched=untouched, generation=sides.first.generation)
    sides.first.import_from(sides.second.store)
    assert sides.first.store.count_orphans(HOME) > 0
    assert sides.first.store.head(STREAM) > ORIGIN


@dataclass(frozen=True)
class PartedPair:
    """The same, each with a front end."""

    sides: Parted
    first: FrontEndInTest
    second: FrontEndInTest

    def __getitem__(self, owner: str) -> str:
        """Return the path of an owner's last orphan."""
        return f"{ORPHANS}/{self.sides.number(owner)}"


@contextmanager
def stores_in(folder: Path) -> Iterator[tuple[Store, Store]]:
    """Open the stores of both pools."""
    with ExitStack() as cleanup:
        stores = [open_store(f"sqlite:///{folder / fqdn}.db", fqdn) for fqdn in (POOL1, POOL2)]
        for store in stores:
            cleanup.callback(store.close)
        yield stores[0], stores[1]


@contextmanager
def front_ends_of(sides: Parted, folder: Path) -> Iterator[PartedPair]:
    """Serve both pools; the first one finds the second."""
    deployment = deployment_in(folder)
    with (
        front_end_on(sides.second.store, deployment, pool=POOL2) as second,
        front_end_on(sides.first.store, reaching(deployment, POOL2, second.port)) as first,
    ):
        yield PartedPair(sides, first, second)


def reaching(deployment: Deployment, fqdn: PoolFqdn, port: int) -> Deployment:
    """Return a deployment in which a pool's front end has this port."""
    pools = [
        replace(pool, front_ends=tuple(replace(each, address=f"http://{each.host}:{port}") for each in pool.front_ends))
        if pool.fqdn == fqdn
        else pool
        for pool in deployment.pools
    ]
    return replace(deployment, pools=tuple(pools))
