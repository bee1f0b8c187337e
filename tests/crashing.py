"""A lab whose front ends can be made to die at a point of their work, while a client writes to whoever serves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.labs import CONTACTS, MODULES, P1, P2, RunningLab, running_lab
from tests.roaming import RoamingClient
from twinpool.failover.operation import Kind, Operation, Options
from twinpool.vocabulary.names import Home, PoolFqdn
from twinpool_services.backup import FailoverWish, find_failover, plan_failover, request_failover
from twinpool_services.backup.failover.wishes import PlanOutdated
from twinpool_services.lab import ProcessState

HOME = Home(P1)
DYING = Path(__file__).parent / "acceptance" / "dying"


@dataclass
class Crashing:
    """A lab whose front ends can be made to die, and a client that writes to whoever serves."""

    lab: RunningLab
    armed: Path
    client: RoamingClient
    writing: ExitStack  #: ends the client's writing when it is closed

    def serving(self) -> PoolFqdn:
        """Wait until both pools agree who serves the home, and name it."""

        def agreed() -> PoolFqdn | None:
            known = {self._standing(pool) for pool in (P1, P2)}
            return known.pop()[1] if len(known) == 1 else None

        return self.lab.eventually(agreed, "both pools know the same about the home")

    def ask(self, target: PoolFqdn, kind: Kind = Kind.PLANNED, options: Options | None = None) -> Operation:
        """Ask for a failover; a plan that letters on their way have made old is made again, as its refusal says."""
        deployment, chosen = self.lab.lab.deployment, options or Options(wait_time=60.0)

        def asked() -> Operation | None:
            with self.lab.store(target) as store, suppress(PlanOutdated):
                token = plan_failover(store, deployment, MODULES, HOME).token if kind is Kind.DISASTER else None
                wish = FailoverWish(home=HOME, kind=kind, options=chosen, plan_token=token)
                return request_failover(store, deployment, MODULES, wish)
            return None

        return self.lab.eventually(asked, "a plan is still true when it is asked for")

    def arm(self, pool: str, point: str) -> None:
        (self.armed / f"{pool}.hit").unlink(missing_ok=True)
        ready = self.armed / f"{pool}.new"
        ready.write_text(point)
        ready.rename(self.armed / pool)

    def await_death(self, pool: str) -> None:
        """Wait until a front end of a pool has died, and start it again."""
        self.lab.eventually((self.armed / f"{pool}.hit").exists, "somebody comes to the point")
        dead = self.lab.eventually(lambda: self._dead(pool), "a front end has died")
        for name in dead:
            self.lab.lab.process(name).start()

    def over(self, operation: Operation) -> Operation:
        """Wait until an operation has ended."""
        with self.lab.store(operation.target) as store:
            self.lab.eventually(lambda: find_failover(store, operation.id).has_ended, f"{operation.id} has ended")
            return find_failover(store, operation.id)

    def await_writes(self) -> None:
        """Wait until the client gets on."""
        before = len(self.client.told)
        self.lab.eventually(lambda: len(self.client.told) > before + 5, "the client's writes are taken")

    def all_ready(self) -> None:
        self.lab.start(*self.lab.names(P1), *self.lab.names(P2))

    def _dead(self, pool: str) -> list[str]:
        return [name for name in self.lab.names(pool) if self.lab.lab.state(name) is ProcessState.STOPPED]

    def _standing(self, pool: str) -> tuple[int, PoolFqdn]:
        with self.lab.store(pool) as store:
            return next((each.term, each.serving_pool) for each in store.homes() if each.home == HOME)

    def assert_nothing_is_lost(self) -> None:
        """End the writing: each answered write is in both pools, or among the orphans of one."""
        self.all_ready()
        self.await_writes()
        self.writing.close()
        told = self.client.told
        self.lab.await_final(self.serving())
        kept: dict[str, set[str]] = {}
        orphaned: set[str] = set()
        for pool in (P1, P2):
            with self.lab.store(pool) as store:
                kept[pool] = {key for _, key, _ in store.scan(CONTACTS, after=None, limit=1_000_000)}
                orphaned |= {each.change.key for each in store.orphans(home=HOME, limit=1_000_000)}
        missing = [each for each in told if not all(each.key in kept[pool] for pool in (P1, P2))]
        assert [each for each in missing if each.key not in orphaned] == []
        servers: dict[int, set[str]] = {}
        for each in told:
            servers.setdefault(each.term, set()).add(each.pool)
        assert all(len(pools) == 1 for pools in servers.values()), servers
        places = [(each.term, each.position) for each in told]
        assert len(set(places)) == len(places)
        assert self.client.surprises == []


def other(pool: str) -> PoolFqdn:
    return P2 if pool == P1 else P1


@contextmanager
def crashing_lab(request: pytest.FixtureRequest, armed: Path, **plan: Any) -> Iterator[Crashing]:
    """Run such a lab, and its client, until the block is left. `armed` is where points are named."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setitem(os.environ, "PYTHONPATH", str(DYING))
        environment.setitem(os.environ, "DYING_FRONT_ENDS", str(armed))
        with running_lab(request, lease_duration="00:00:01", **plan) as lab:
            pools = lab.lab.deployment.pools
            addresses = [(pool.fqdn, front_end.address) for pool in pools for front_end in pool.front_ends]
            client = RoamingClient(HOME, addresses, "w", lab.headers)
            with ExitStack() as writing:
                writing.enter_context(client.writing())
                yield Crashing(lab, armed, client, writing)
