"""Moving the users of a lab to and fro, and taking the time."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import httpx

from twinpool.http_client import client_of
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Stream
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.failover.roaming import OWNER, RoamingClients
from twinpool_services.lab import Lab, Watcher

PATIENCE = 60.0  #: seconds
PRESENCE = ModuleName("UserServices.PresenceFocus")
PAGE = 10_000
PLANS = 20  #: how often a plan is made that has grown old before it was executed


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One failover, in seconds from the command."""

    first_write: float  #: until the first write was answered by the pool that took over
    longest_gap: float  #: the longest time without any answered write
    steps: dict[str, float]  #: until each step was reached, by the store of the pool that took over


class Moves:
    """Moves the first pool's users of a lab."""

    def __init__(self, lab: Lab, watcher: Watcher, clients: RoamingClients) -> None:
        """Move while these clients write."""
        self._lab, self._watcher, self._clients = lab, watcher, clients
        self.home = Home(lab.deployment.pools[0].fqdn)

    def serving(self) -> PoolFqdn:
        """Wait until all pools know the same about the home, and a client's write has just been taken."""

        def look() -> PoolFqdn | None:
            known = {self._standing(pool.fqdn) for pool in self._lab.deployment.pools}
            return known.pop()[1] if len(known) == 1 else None

        pool = self._watcher.until(look, PATIENCE)
        if pool is None:
            raise BenchFailed("the pools do not agree who serves the home")
        self._await_write(time.monotonic(), pool)
        return pool

    def planned(self, target: PoolFqdn) -> Moved:
        """Move to a pool with the other's consent."""
        return self._move(target, {"Home": self.home, "SkipDataVerification": False})

    def disaster(self, source: PoolFqdn, target: PoolFqdn) -> Moved:
        """End a pool's front ends as a crash would, and let the other take over."""
        for front_end in self._lab.deployment.pool(source).front_ends:
            self._lab.kill(front_end.name)
        return self._move(target, {"Home": self.home, "DisasterMode": True})

    def bring_back(self, pool: PoolFqdn) -> None:
        """Start a pool's front ends again."""
        for front_end in self._lab.deployment.pool(pool).front_ends:
            self._lab.start(front_end.name)

    def missing(self) -> int:
        """Count writes that were answered and are neither in a pool nor among orphans."""
        stream = Stream(self.home, PRESENCE)
        lost = {each.key for each in self._clients.told}
        for pool in self._lab.deployment.pools:
            with closing(open_store(pool.store, pool.fqdn)) as store:
                after: RecordKey | None = RecordKey(OWNER, "")
                while page := store.scan(stream, after=after, limit=PAGE):
                    lost -= {key for _, key, _ in page}
                    after = RecordKey(*page[-1][:2])
                number = 0
                while orphans := store.orphans(after=number, limit=PAGE):
                    lost -= {each.change.key for each in orphans}
                    number = orphans[-1].number
        return len(lost)

    # ── one move ────────────────────────────────────────────────────────────────────────────────────────────

    def _move(self, target: PoolFqdn, wish: dict[str, object]) -> Moved:
        with self._client(target) as client:
            began = time.monotonic()
            operation = self._begun(client, target, wish)
            first = self._await_write(began, target)
            ended = self._ended(client, target, str(operation["Failover"]))
        if ended["Step"] != "done":
            raise BenchFailed(f"the failover came to nothing: {ended.get('Failure')}")
        return Moved(
            first_write=first - began,
            longest_gap=self._clients.longest_gap(began),
            steps=_steps(ended),
        )

    def _begun(self, client: httpx.Client, target: PoolFqdn, wish: dict[str, object]) -> dict[str, object]:
        """Ask for a move; in a disaster by the newest plan, which letters still on their way may make old at once."""
        for _ in range(PLANS):
            if wish.get("DisasterMode"):
                wish |= {
                    "PlanToken": _answer(client.get(f"/v1/pools/{target}/failover-plans/{self.home}"))["PlanToken"]
                }
            asked = client.post(f"/v1/pools/{target}/failovers", json=wish)
            if asked.status_code != httpx.codes.CONFLICT:
                break
        return _answer(asked)

    def _await_write(self, since: float, pool: PoolFqdn) -> float:
        first = self._watcher.until(lambda: self._clients.first_after(since, pool), PATIENCE)
        if first is None:
            raise BenchFailed(f"no write was taken by {pool} within {PATIENCE:.0f} s")
        return first

    def _ended(self, client: httpx.Client, target: PoolFqdn, identity: str) -> dict[str, object]:
        def look() -> dict[str, object] | None:
            document = _answer(client.get(f"/v1/pools/{target}/failovers/{identity}"))
            return document if document["Step"] in {"done", "aborted"} else None

        ended = self._watcher.until(look, PATIENCE)
        if ended is None:
            raise BenchFailed(f"failover {identity} has not ended within {PATIENCE:.0f} s")
        return ended

    def _client(self, pool: PoolFqdn) -> httpx.Client:
        address = self._lab.deployment.pool(pool).front_ends[0].address
        return client_of(self._lab.deployment, timeout=PATIENCE, base_url=address)

    def _standing(self, pool: PoolFqdn) -> tuple[int, PoolFqdn]:
        with self._client(pool) as client:
            standing = _answer(client.get(f"/v1/pools/{pool}/homes/{self.home}/standing"))
        return int(str(standing["Term"])), PoolFqdn(str(standing["ServingPool"]))


def _answer(response: httpx.Response) -> dict[str, object]:
    """Return what was answered. Raises `BenchFailed` with what a front end said instead."""
    if not response.is_success:
        raise BenchFailed(f"{response.request.method} {response.request.url.path}: {response.text}")
    document: dict[str, object] = response.json()
    return document


def _steps(document: dict[str, object]) -> dict[str, float]:
    """Return the seconds from the request to each step."""
    steps = document["Steps"]
    assert isinstance(steps, list)  # noqa: S101 - as the document's schema says
    at = [(str(step["Step"]), datetime.fromisoformat(str(step["At"])).timestamp()) for step in steps]
    return {step: round(moment - at[0][1], 3) for step, moment in at[1:]}
