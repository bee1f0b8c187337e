"""`twinpool bench dashboard`: what replication loses while people look at it.

A writer keeps a pair busy. In turns nobody looks, and pages of the active front end of the exporting pool are open:
half show the overview, half a module with its charts. What counts is what the partner has acknowledged in each. Before,
while nothing else goes on, single changes are written, and it is measured when an open page of each pool shows them.
"""

from __future__ import annotations

import io
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, Annotated, Any

import httpx
import typer

from twinpool.http_client import client_of
from twinpool.ports.store import Store
from twinpool.security.credentials import authorization
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Deployment, Pool
from twinpool.vocabulary.names import Stream
from twinpool_services.bench.busy_pair import SETTLE, BusyPair, Span
from twinpool_services.bench.dashboard import watching_process
from twinpool_services.bench.dashboard.news_lag import news_lags
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.lab_of_bench import lab_of_bench
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.record_writing import write_records
from twinpool_services.lab import Display, Lab, StoreKind, Watcher, interruptible, open_display, uninterrupted
from twinpool_services.measuring.machine import machine, versions

RECORDS = 50_000  #: that are changed again and again
CHANGES = 20  #: whose way to an open page is measured, of each pool
BETWEEN = 6.0  #: seconds after the last page was closed until nobody counts as looking
PATIENCE = 60.0

EXAMPLES = """\b
Examples:
  twinpool bench dashboard
  twinpool bench dashboard --store sqlite --watchers 10 --seconds 10 --rounds 3
"""


def dashboard(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    watchers: Annotated[int, typer.Option(min=1, max=100, help="Pages that are open at the same time.")] = 10,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long each turn takes.")] = 20.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each takes its turn; medians are shown.")] = 5,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure what replication loses while people look at it."""
    shown = open_display(to_errors=format_ is Format.JSON)
    with interruptible(), lab_of_bench(store, shown) as lab:
        measured = _measure(lab, shown, watchers=watchers, seconds=seconds, rounds=rounds)
    document = {
        "bench": "dashboard",
        "store": str(store),
        "watchers": watchers,
        "seconds": seconds,
        "rounds": rounds,
        **measured,
    }
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps({**document, "machine": dict(machine()), "versions": versions()}, indent=2) + "\n")
        return
    shown.say(f"\ndashboard: {watchers} pages open, {store}", "bold")
    shown.say(f"replicated while nobody looks {document['changes_per_s_without']:>9,.0f} changes/s")
    shown.say(f"replicated while they look    {document['changes_per_s_with']:>9,.0f} changes/s")
    shown.say(f"with against without          {document['ratio']:>9.3f} x, rounds: {document['runs']['ratio']}")
    spent = f"{document['cpu_s_per_100k_without']:.2f} and {document['cpu_s_per_100k_with']:.2f} s"
    told, asked = document["news_own_ms"], document["news_partner_ms"]
    shown.say(f"a change is shown by its own pool after   {told['p50']:,} ms, at most {told['max']:,} ms")
    shown.say(f"and by the partner, which asks, after     {asked['p50']:,} ms, at most {asked['max']:,} ms")
    shown.say(f"the front ends have spent {spent} of the processor for 100,000 changes")


def _measure(lab: Lab, shown: Display, *, watchers: int, seconds: float, rounds: int) -> dict[str, Any]:
    pair = BusyPair(lab.deployment, _process_ids(lab))
    first = lab.deployment.pools[0]
    alone: list[Span] = []
    watched: list[Span] = []
    events: list[float] = []
    with closing(open_store(first.store, first.fqdn)) as store:
        write_records(store, pair.stream, RECORDS, shown)
        news = _news(lab.deployment, store, pair.stream, shown)
        with pair.writing(RECORDS), shown.step("Looking and not looking", rounds) as step:
            time.sleep(SETTLE)
            for number in range(rounds):
                # Every second round goes backwards, so that whatever drifts does not speak for one of them.
                for looks in (False, True) if number % 2 == 0 else (True, False):
                    if looks:
                        with _watchers(lab.deployment, watchers, events), pair.counted(store, watched):
                            time.sleep(seconds)
                    else:
                        time.sleep(BETWEEN)
                        with pair.counted(store, alone):
                            time.sleep(seconds)
                step.advance()
    ratios = [one.rate / other.rate for one, other in zip(watched, alone, strict=True)]
    return {
        "changes_per_s_without": round(statistics.median(each.rate for each in alone)),
        "changes_per_s_with": round(statistics.median(each.rate for each in watched)),
        "ratio": round(statistics.median(ratios), 3),
        "cpu_s_per_100k_without": round(statistics.median(each.cpu_s_per_100k for each in alone), 3),
        "cpu_s_per_100k_with": round(statistics.median(each.cpu_s_per_100k for each in watched), 3),
        **news,
        "events_per_watcher": round(statistics.median(events), 1),
        "runs": {
            "ratio": [round(each, 3) for each in ratios],
            "cpu_s_per_100k_without": [round(each.cpu_s_per_100k, 3) for each in alone],
            "cpu_s_per_100k_with": [round(each.cpu_s_per_100k, 3) for each in watched],
        },
    }


def _news(deployment: Deployment, store: Store, stream: Stream, shown: Display) -> dict[str, dict[str, int]]:
    """Measure when a page shows a change: of the pool whose change it is, and of its partner."""
    found = {}
    for name, pool in zip(("own", "partner"), deployment.pools, strict=True):
        with shown.step(f"Looking at {pool.fqdn}", CHANGES):
            cookie, front_end = _signed_in(deployment, pool), pool.front_ends[0]
            lags = news_lags(deployment, store, stream, front_end, cookie=cookie, changes=CHANGES)
        found[f"news_{name}_ms"] = {"p50": round(statistics.median(lags) * 1000), "max": round(max(lags) * 1000)}
    return found


def _process_ids(lab: Lab) -> list[int]:
    """Return those of all front ends. Raises `BenchFailed` if one does not answer."""
    with Watcher(lab.deployment) as watcher:
        told = [watcher.about(each) for pool in lab.deployment.pools for each in pool.front_ends]
    if not all(told):
        raise BenchFailed("a front end does not answer")
    return [int(each["ProcessId"]) for each in told if each]


@contextmanager
def _watchers(deployment: Deployment, count: int, events: list[float]) -> Iterator[None]:
    """Have so many pages open while the block runs, and note how many events each has got.

    Raises `BenchFailed` if they cannot be opened.
    """
    pool, partner = deployment.pools
    name = f"{pool.fqdn}/UserServices.PresenceFocus/{pool.fqdn}/{partner.fqdn}"
    paths = ["/dashboard/live?show=pairs", f"/dashboard/live?show=module:{name}&show=charts:{name}/300"]
    front_end = pool.front_ends[0]
    words = [sys.executable, "-m", watching_process.__name__, front_end.host, str(front_end.port)]
    environment = {**os.environ, watching_process.COOKIE: _signed_in(deployment, pool)}
    command = [*words, *(paths[at % len(paths)] for at in range(count))]
    # A Ctrl-C that comes meanwhile is heard when it runs: else nobody would end it.
    process = uninterrupted(
        lambda: subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    )
    with process:
        told = process.stdout or io.StringIO()
        try:
            _await_begun(told, count)
            yield
            if process.poll() is not None:
                raise BenchFailed("the streams have ended while they were counted")
        finally:
            process.kill()
        events.append(told.read().count(watching_process.NEWS) / count)


def _await_begun(told: IO[str], count: int) -> None:
    """Wait until so many streams have begun; some tell of events before the last one has. Raises `BenchFailed`."""
    while count:
        line = told.readline()
        if line not in {watching_process.BEGUN, watching_process.NEWS}:
            raise BenchFailed("the front end does not show what is live")
        count -= line == watching_process.BEGUN


def _signed_in(deployment: Deployment, pool: Pool) -> str:
    """Sign in at a pool as the administrator, and return the cookie of the session."""
    token = authorization(deployment)["Authorization"].removeprefix("Bearer ")
    with client_of(deployment, timeout=PATIENCE, base_url=pool.front_ends[0].address) as client:
        found = re.search(r'name="form-token" value="([^"]+)"', client.get("/dashboard/sign-in").text)
        form = {"form-token": found[1] if found else "", "token": token, "to": "/dashboard"}
        answer = client.post("/dashboard/sign-in", data=form)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise BenchFailed(f"cannot sign in: HTTP status {answer.status_code}")
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())
