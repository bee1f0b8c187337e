"""`twinpool bench rejoin`: how long a pool that comes back after a disaster takes until both are in step again.

The first pool writes records, and then some that its partner never gets; it is killed, the partner takes over alone,
and the first is started again. Time runs from its start until the partner reports that nothing is left to send.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from contextlib import closing
from typing import Annotated, Any

import httpx
import typer

from twinpool.http_client import client_of
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import Home, Route, Stream
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.lab_of_bench import lab_of_bench
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.record_writing import write_groups, write_records
from twinpool_services.lab import Display, Lab, StoreKind, Watcher, interruptible, open_display
from twinpool_services.measuring.machine import machine, versions

PATIENCE = 600.0  #: seconds

EXAMPLES = """\b
Examples:
  twinpool bench rejoin
  twinpool bench rejoin --store sqlite --records 100000 --orphans 100 --rounds 1
"""


def rejoin(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    records: Annotated[int, typer.Option(min=1, metavar="N", help="Records that both pools have.")] = 1_000_000,
    orphans: Annotated[int, typer.Option(min=1, metavar="N", help="Changes that only the first pool has.")] = 1_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often it is done; medians are shown.")] = 3,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure how long a pool that comes back after a disaster takes until both are in step again."""
    shown = open_display(to_errors=format_ is Format.JSON)
    with interruptible(), lab_of_bench(store, shown) as lab, Watcher(lab.deployment) as watcher:
        seconds = Rejoins(lab, watcher, shown).measure(records, orphans, rounds)
    document = {
        "bench": "rejoin",
        "store": str(store),
        "records": records,
        "orphans": orphans,
        "rounds": rounds,
        "seconds": round(statistics.median(seconds), 3),
        "runs": [round(each, 3) for each in seconds],
    }
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps({**document, "machine": dict(machine()), "versions": versions()}, indent=2) + "\n")
        return
    shown.say(f"\nrejoin: {orphans:,} orphans among {records:,} records, {store}", "bold")
    each = " ".join(f"{one:.2f}" for one in seconds)
    shown.say(f"in step again after {statistics.median(seconds):.2f} s, the start of the processes included ({each})")


class Rejoins:
    """Disasters of the first pool of a lab, each followed by its return and a failback."""

    def __init__(self, lab: Lab, watcher: Watcher, shown: Display) -> None:
        """Work in a lab that is up."""
        self._lab, self._watcher, self._shown = lab, watcher, shown
        self._first, self._second = lab.deployment.pools
        self._home = Home(self._first.fqdn)
        self._stream = Stream(self._home, PresenceFocus.name)

    def measure(self, records: int, orphans: int, rounds: int) -> list[float]:
        """Return the seconds of each return."""
        with closing(open_store(self._first.store, self._first.fqdn)) as store:
            write_records(store, self._stream, records, self._shown)
        self._await_in_step(self._first, self._second)
        seconds: list[float] = []
        for number in range(rounds):
            with self._shown.step(f"Disaster and return, round {number + 1}"):
                seconds.append(self._once(records, orphans))
                self._fail_over(self._first)
                self._await_in_step(self._first, self._second)
        return seconds

    def _once(self, records: int, orphans: int) -> float:
        self._each(self._second, self._lab.kill)
        chosen = random.sample(range(records), min(orphans, records))
        with closing(open_store(self._first.store, self._first.fqdn)) as store:
            write_groups(store, self._stream, [[number] for number in chosen])
        self._each(self._first, self._lab.kill)
        self._each(self._second, self._lab.start)
        self._fail_over(self._second, disaster=True)
        with closing(open_store(self._first.store, self._first.fqdn)) as store:
            before = store.count_orphans(self._home)
            began = time.monotonic()
            self._each(self._first, self._lab.start)
            self._await_in_step(self._second, self._first)
            seconds = time.monotonic() - began
            found = store.count_orphans(self._home) - before
        if found != len(chosen):
            raise BenchFailed(f"{found} orphans instead of {len(chosen)}")
        return seconds

    # ── what happens to the pools ───────────────────────────────────────────────────────────────────────────

    def _fail_over(self, target: Pool, *, disaster: bool = False) -> None:
        wish: dict[str, object] = {"Home": self._home}
        path = f"/v1/pools/{target.fqdn}"
        address = target.front_ends[0].address
        with client_of(self._lab.deployment, timeout=60, base_url=address) as client:
            if disaster:
                plan = _read(client, f"{path}/failover-plans/{self._home}")
                wish |= {"DisasterMode": True, "PlanToken": plan["PlanToken"]}
            else:
                wish["SkipDataVerification"] = True
            name = client.post(f"{path}/failovers", json=wish).raise_for_status().json()["Failover"]
            ended = self._watcher.until(
                lambda: found if (found := _read(client, f"{path}/failovers/{name}"))["Ended"] else None, PATIENCE
            )
        if ended is None or ended["Step"] != "done":
            raise BenchFailed(f"the failover came to nothing: {ended and ended['Failure']}")

    def _await_in_step(self, source: Pool, target: Pool) -> None:
        """Wait until a source that serves the home has heard that its partner has everything."""
        route = Route(self._stream, target.fqdn)
        with (
            closing(open_store(source.store, source.fqdn)) as store,
            closing(open_store(target.store, target.fqdn)) as other,
        ):

            def look() -> bool | None:
                same = _standing(store, self._home) == _standing(other, self._home)
                return (same and store.export_ledger(route).acknowledged == store.head(self._stream)) or None

            if self._watcher.until(look, PATIENCE) is None:
                raise BenchFailed(f"{target.fqdn} is not in step within {PATIENCE:.0f} s: {store.export_ledger(route)}")
            if store.record_count(self._stream) != other.record_count(self._stream):
                raise BenchFailed("the pools do not hold the same number of records")

    def _each(self, pool: Pool, action: Any) -> None:
        for front_end in pool.front_ends:
            action(front_end.name)


def _standing(store: Store, home: Home) -> object:
    return next((each.term, each.serving_pool) for each in store.homes() if each.home == home)


def _read(client: httpx.Client, path: str) -> dict[str, Any]:
    return dict(client.get(path).raise_for_status().json())
