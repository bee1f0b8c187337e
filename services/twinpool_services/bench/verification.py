"""`twinpool bench verification`: how long two pools take to compare what they hold, and what replication loses by it.

The first pool writes records, and its partner has them. They are compared while nothing is written; then while a writer
keeps the pair busy, in turns with spans as long in which nobody compares. What counts is what the partner has
acknowledged in each.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from contextlib import closing
from typing import Annotated, Any

import httpx
import typer

from twinpool.http_client import client_of
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Pool
from twinpool_services.bench.busy_pair import SETTLE, BusyPair, Span
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.lab_of_bench import lab_of_bench
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.record_writing import write_records
from twinpool_services.lab import Display, Lab, StoreKind, Watcher, interruptible, open_display
from twinpool_services.measuring.machine import machine, versions

PATIENCE = 600.0  #: seconds
LOOK = 0.5  #: seconds between two looks how far it is, as `Debug-CsInterPoolReplication` waits: each costs the pool

EXAMPLES = """\b
Examples:
  twinpool bench verification
  twinpool bench verification --store sqlite --records 100000 --rounds 1
"""


def verification(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    records: Annotated[int, typer.Option(min=1, metavar="N", help="Records that both pools have.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each takes its turn; medians are shown.")] = 3,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure how long two pools take to compare what they hold, and what replication loses by it."""
    shown = open_display(to_errors=format_ is Format.JSON)
    with interruptible(), lab_of_bench(store, shown) as lab, Watcher(lab.deployment) as watcher:
        measured = Verifications(lab, watcher, shown).measure(records, rounds)
    document = {"bench": "verification", "store": str(store), "records": records, "rounds": rounds, **measured}
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps({**document, "machine": dict(machine()), "versions": versions()}, indent=2) + "\n")
        return
    shown.say(f"\nverification: {records:,} records, {store}", "bold")
    exchanged = f"{measured['exchanged_bytes']:,} bytes exchanged"
    shown.say(f"while nothing is written  {measured['idle_s']:>8.2f} s, {exchanged}")
    shown.say(f"while a writer is busy    {measured['busy_s']:>8.2f} s")
    shown.say(f"replicated without it     {measured['changes_per_s_without']:>8,.0f} changes/s")
    rate, ratio = measured["changes_per_s_with"], measured["ratio"]
    shown.say(f"replicated meanwhile      {rate:>8,.0f} changes/s, {ratio:.2f} x")


class Verifications:
    """Compares the first pool of a lab with its partner."""

    def __init__(self, lab: Lab, watcher: Watcher, shown: Display) -> None:
        """Work in a lab that is up."""
        self._lab, self._watcher, self._shown = lab, watcher, shown
        self._first = lab.deployment.pools[0]
        self._busy = BusyPair(lab.deployment)
        self._stream = self._busy.stream

    def measure(self, records: int, rounds: int) -> dict[str, Any]:
        """Return the figures. Raises `BenchFailed` if a verification does not find both equal."""
        with closing(open_store(self._first.store, self._first.fqdn)) as store:
            write_records(store, self._stream, records, self._shown)
            self._until(
                lambda: self._busy.acknowledged(store) == store.head(self._stream), "the partner has everything"
            )
            with self._shown.step("While nothing is written", rounds):
                idle = [self._verify() for _ in range(rounds)]
            busy, alone, beside = self._under_load(store, records, rounds)
        ratios = [one.rate / other.rate for one, other in zip(beside, alone, strict=True)]
        return {
            "idle_s": round(statistics.median(each["Seconds"] for each in idle), 3),
            "exchanged_bytes": max(each["ExchangedBytes"] for each in idle),
            "busy_s": round(statistics.median(each["Seconds"] for each in busy), 3),
            "changes_per_s_without": round(statistics.median(each.rate for each in alone)),
            "changes_per_s_with": round(statistics.median(each.rate for each in beside)),
            "ratio": round(statistics.median(ratios), 3),
            "runs": {"ratio": [round(each, 3) for each in ratios]},
        }

    def _under_load(
        self, store: Store, records: int, rounds: int
    ) -> tuple[list[dict[str, Any]], list[Span], list[Span]]:
        found: list[dict[str, Any]] = []
        alone: list[Span] = []
        beside: list[Span] = []
        with self._busy.writing(records), self._shown.step("While a writer is busy", rounds) as step:
            time.sleep(SETTLE)
            for _ in range(rounds):
                with self._busy.counted(store, beside):
                    found.append(self._verify())
                with self._busy.counted(store, alone):
                    time.sleep(beside[-1].seconds)
                step.advance()
        return found, alone, beside

    def _verify(self) -> dict[str, Any]:
        """Have a verification made, and return the row of the module."""
        path = f"/v1/pools/{self._first.fqdn}/verifications"
        with _client(self._lab, self._first) as client:
            asked = client.post(path, json={"BackupModule": str(self._stream.module)})
            name = _answer(asked)["Verification"]
            give_up_at = time.monotonic() + PATIENCE
            while not (done := _answer(client.get(f"{path}/{name}")))["EndedAt"]:
                if time.monotonic() > give_up_at:
                    raise BenchFailed(f"a verification has not ended within {PATIENCE:.0f} s")
                time.sleep(LOOK)
        if not done["Clean"]:
            raise BenchFailed(f"the pools are not found equal: {json.dumps(done)[:1000]}")
        return next(row for row in done["BackupModules"] if row["Identity"] == self._stream.module)

    def _until(self, look: Any, what: str) -> Any:
        found = self._watcher.until(lambda: look() or None, PATIENCE)
        if found is None:
            raise BenchFailed(f"waited {PATIENCE:.0f} s in vain until {what}")
        return found


def _client(lab: Lab, pool: Pool) -> httpx.Client:
    return client_of(lab.deployment, timeout=60, base_url=pool.front_ends[0].address)


def _answer(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise BenchFailed(f"{response.request.method} {response.request.url.path}: {response.text}")
    return dict(response.json())
