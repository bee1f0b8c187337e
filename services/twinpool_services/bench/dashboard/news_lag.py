"""How long it takes until whoever looks sees what has changed, while nothing else goes on."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

import httpx

from twinpool.http_client import client_of
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Committed
from twinpool.vocabulary.deployment import Deployment, FrontEnd
from twinpool.vocabulary.names import Stream
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.record_writing import transaction

APART = (0.3, 1.5)  #: seconds from one change to the next, so that none keeps step with the looks
PATIENCE = 30.0


def news_lags(
    deployment: Deployment, store: Store, stream: Stream, front_end: FrontEnd, *, cookie: str, changes: int
) -> list[float]:
    """Return the seconds from the commit of each change to the event that shows it, at a page of a module.

    The page is that of a front end; what changes is the head of the first pool. Raises `BenchFailed`.
    """
    first, second = deployment.pools
    path = f"/dashboard/live?show=module:{stream.home}/{stream.module}/{first.fqdn}/{second.fqdn}"
    lags = []
    with (
        client_of(deployment, timeout=PATIENCE, base_url=front_end.address) as client,
        client.stream("GET", path, headers={"Cookie": cookie}) as answer,
    ):
        news = _sections(answer)
        next(news)
        for number in range(changes):
            time.sleep(random.uniform(*APART))  # noqa: S311 - a pause, not a secret
            shown = f"<dt>Head position</dt><dd>{_write(store, stream, number):,}</dd>"
            committed = time.monotonic()
            _await(news, shown)
            lags.append(time.monotonic() - committed)
    return lags


def _write(store: Store, stream: Stream, number: int) -> int:
    (outcome,) = store.write([transaction(stream, [number])])
    if not isinstance(outcome, Committed):
        raise BenchFailed(f"not written: {outcome}")
    return outcome.position


def _sections(answer: httpx.Response) -> Iterator[str]:
    """Yield the HTML of each event. Raises `BenchFailed` where there is none."""
    if answer.status_code != httpx.codes.OK:
        raise BenchFailed(f"the front end does not show what is live: HTTP status {answer.status_code}")
    for line in answer.iter_lines():
        if line.startswith("data: "):
            yield "".join(json.loads(line.removeprefix("data: ")).get("sections", {}).values())


def _await(news: Iterator[str], shown: str) -> None:
    deadline = time.monotonic() + PATIENCE
    for html in news:
        if shown in html:
            return
        if time.monotonic() > deadline:
            break
    raise BenchFailed(f"waited {PATIENCE:.0f} s in vain for {shown}")
