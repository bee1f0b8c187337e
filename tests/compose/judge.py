"""Runs inside a lab of containers: has clients write to its pools, and judges by the stores what came of it.

Started with the deployment that the command line of the lab has, and with the pools' data below /stores, or their
secrets below /run/lab where a PostgreSQL is the store. Reads one command a line from its input, as JSON, and answers
each with one line. What clients do and how it is judged is the chaos runs' own.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from twinpool.options import load_deployment
from twinpool.security.credentials import authorization
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.chaos.clients import TIMEOUT, Client, Place, Setting, clock_from_now
from twinpool_services.chaos.history import FinalState, History, Operation, Outcome
from twinpool_services.chaos.judging import figures_of, violations_of
from twinpool_services.chaos.sampling import read_final
from twinpool_services.chaos.scenario.model import Expectations, Fault, FaultKind, Scenario
from twinpool_services.lab.watching import Watcher

STORES = Path("/stores")
SECRETS = Path("/run/lab")
REPAIRED = 30.0  #: seconds
CLIENTS, RATE, KEYS = 3, 12.0, 4  #: of each home: clients, operations a second of each at most, records of each


class Judge:
    """Answers the commands."""

    def __init__(self) -> None:
        """Read the deployment."""
        self._deployment = load_deployment(Path(os.environ["TWINPOOL_DEPLOYMENT"]))
        self._watcher = Watcher(self._deployment)
        headers = authorization(self._deployment, environment={})
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False, headers=headers)
        self._guard = threading.Lock()
        self._operations: list[Operation] = []
        self._clients: list[Client] = []
        self._run = ""

    # ── commands ────────────────────────────────────────────────────────────────────────────────────────────

    def load(self, *homes: str) -> None:
        """Let clients begin to write to homes."""
        self._run, self._operations = f"run{time.time_ns() // 1_000_000:015d}", []
        setting = Setting(
            run=self._run,
            places={home: self._places(home) for home in homes},
            clock=clock_from_now(),
            note=self._note,
            rate=RATE,
            keys=KEYS,
            seed=1,
        )
        self._clients = [Client(setting, home, number, self._http) for home in homes for number in range(CLIENTS)]
        for client in self._clients:
            client.start()

    def answered(self) -> dict[str, int]:
        """Say how many writes were answered of each home since the load began. Raises what a client has raised."""
        for client in self._clients:
            if client.failure is not None:
                raise client.failure
        with self._guard:
            told = [one.home for one in self._operations if one.is_write and one.outcome is Outcome.OK]
        return {home: told.count(home) for home in {client.home for client in self._clients}}

    def stop(self) -> dict[str, int]:
        """End the load."""
        for client in self._clients:
            client.finish()
        return self.answered()

    def verdict(self, orphans: str) -> dict[str, Any]:
        """Judge the load that was stopped by what the stores hold now; orphans are `none` or `allowed`."""
        homes = sorted({client.home for client in self._clients})
        for home in homes:  # A repair comes as an ordinary change, behind everything that was pending.
            self._watcher.until(lambda home=home: self._agree(home) or None, REPAIRED)  # type: ignore[misc]
        finals: tuple[FinalState, ...] = tuple(read_final(self, home, self._run) for home in homes)
        history = History(scenario="compose", seed=1, operations=tuple(self._operations), finals=finals)
        faults = () if orphans == "none" else (Fault(kind=FaultKind.DISASTER),)
        expect = Expectations(orphans=orphans, outage_at_most=600)
        scenario = Scenario(name="compose", title="a lab of containers", faults=faults, expect=expect)
        return {
            "violations": [f"{one.check}: {one.message}" for one in violations_of(history, scenario)],
            "served_by": {final.home: final.served_by for final in finals},
            "records": {final.home: {pool: len(held) for pool, held in final.records.items()} for final in finals},
            "figures": dataclasses.asdict(figures_of(history)),
        }

    def active(self, pool: str) -> str | None:
        """Name the front end that says of itself that it is the active one of a pool."""
        found = self._watcher.active_of(self._deployment.pool(pool).front_ends)
        return None if found is None else str(found["FrontEnd"])

    def ready(self, front_end: str) -> bool:
        """Say whether clients may be sent to a front end."""
        return self._watcher.is_ready(self._deployment.front_end(front_end)[1])

    def quiet(self) -> list[str]:
        """Name the pools that have something left to send or repair, or do not answer."""
        return [pool.fqdn for pool in self._deployment.pools if not self._is_quiet(pool)]

    def get(self, url: str) -> Any:
        """Return the JSON that a server of the lab answers; None if it does not."""
        try:
            answer = httpx.get(url, timeout=10, trust_env=False)
            return answer.json() if answer.is_success else None
        except (httpx.HTTPError, ValueError):
            return None

    # ── where the run took place ────────────────────────────────────────────────────────────────────────────

    def serving(self, home: str) -> str | None:
        """Return who serves a home, if both pools of the pair say the same."""
        said = {self._serving_by(pool, home) for pool in self.pair_of(home)}
        return said.pop() if len(said) == 1 else None

    def pair_of(self, home: str) -> tuple[str, str]:
        """Return the pools that may serve a home: its own, and the backup pool."""
        partner = self._deployment.partner_of(PoolFqdn(home))
        assert partner is not None
        return home, partner

    def open_store(self, fqdn: str) -> Any:
        """Open the store of a pool beside its front ends."""
        if (STORES / fqdn).exists():
            return open_store(f"sqlite:///{STORES / fqdn / fqdn}.db", PoolFqdn(fqdn))
        own = load_deployment(SECRETS / fqdn / "twinpool.toml").pool(fqdn)
        return open_store(own.store, own.fqdn)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────

    def _note(self, operation: Operation) -> None:
        with self._guard:
            self._operations.append(operation)

    def _places(self, home: str) -> tuple[Place, ...]:
        return tuple(
            Place(pool, one.name, one.address)
            for pool in self.pair_of(home)
            for one in self._deployment.pool(pool).front_ends
        )

    def _serving_by(self, pool: str, home: str) -> str | None:
        for one in self._deployment.pool(pool).front_ends:
            try:
                answer = self._http.get(f"{one.address}/v1/pools/{pool}/homes/{home}/standing")
            except httpx.HTTPError:
                continue
            if answer.is_success:
                said = answer.json()
                return str(said["ServingPool"]) if said["Settled"] else None
        return None

    def _agree(self, home: str) -> bool:
        first, second = read_final(self, home, self._run).records.values()
        return first == second

    def _is_quiet(self, pool: Pool) -> bool:
        status = self._watcher.status_of(pool.fqdn, pool.front_ends)
        if status is None or self.serving(pool.fqdn) is None:
            return False
        rows = status["BackupModules"]
        states, imports = {row["ExportStatus"] for row in rows}, {row["ImportStatus"] for row in rows}
        pending = sum(row["PendingChanges"] for row in rows)
        return states <= {"FinalState", "NotInitialized"} and imports == {"NormalState"} and not pending


def main() -> None:
    """Answer commands until there are no more."""
    judge = Judge()
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(judge, command)(*arguments)) + "\n")
        sys.stdout.flush()
    os._exit(0)  # A load that still runs is not waited for.


if __name__ == "__main__":
    main()
