"""Asks every front end and broker of a deployment at the same time, for what `twinpool doctor` looks at."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from urllib.parse import urlsplit

from cryptography import x509

from twinpool.brokers.rabbitmq import BrokerExamination, examine_broker
from twinpool.brokers.topology import CONTROL, Topology
from twinpool.errors import InvalidConfiguration, TwinpoolError
from twinpool.modules.registry import load_modules
from twinpool.security.passwords import broker_url_of
from twinpool.security.tls import broker_tls
from twinpool.vocabulary.addresses import broker_addresses
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool_services.cli.client import CONFIGURATION, Client, Document
from twinpool_services.doctor import FrontEndSays, PoolSays, Seen

MOST_AT_ONCE = 16
TLS_SECONDS = 3.0
_PORTS = {"https": 443, "amqps": 5671}


def gather(client: Client, done: Callable[[str], None] = lambda _what: None) -> Seen:
    """Return all that is to be looked at; what does not answer is told as such. `done` hears of each part."""
    deployment = client.deployment
    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="gathering") as threads:
        asked = {
            each.name: threads.submit(_front_end, client, pool, each)
            for pool in deployment.pools
            for each in pool.front_ends
        }
        brokers = {pool.fqdn: threads.submit(_broker, deployment, pool) for pool in deployment.pools}
        certificates = {pool.fqdn: threads.submit(_certificates, pool) for pool in deployment.pools}
        pools = []
        for pool in deployment.pools:
            front_ends = []
            for each in pool.front_ends:
                front_ends.append(asked[each.name].result())
                done(each.name)
            broker = brokers[pool.fqdn].result()
            done(f"broker of {pool.fqdn}")
            orphans = _undecided(client, pool) if any(not each.silence for each in front_ends) else None
            pools.append(
                PoolSays(
                    pool=pool,
                    front_ends=tuple(front_ends),
                    broker=broker,
                    undecided_orphans=orphans,
                    certificates=certificates[pool.fqdn].result(),
                )
            )
    return Seen(deployment=deployment, pools=tuple(pools), version=version("twinpool"), now=time.time())


def parts_of(deployment: Deployment) -> int:
    """Count the parts that `gather` tells of."""
    return sum(len(pool.front_ends) + 1 for pool in deployment.pools)


def _front_end(client: Client, pool: Pool, front_end: FrontEnd) -> FrontEndSays:
    def ask(path: str) -> Document:
        return client.at_front_end(front_end, path)

    try:
        began = time.time()
        examination = ask("/v1/front-end/examination")
        ended = time.time()
        at = examination["At"]
        return FrontEndSays(
            name=front_end.name,
            examination=examination,
            # The front end reads its clock as the last thing before it answers.
            clock_skew=at - (began + ended) / 2 if isinstance(at, float) else None,
            clock_doubt=(ended - began) / 2,
            facts=ask(f"/v1/pools/{pool.fqdn}/replication-facts"),
            configuration=_or_nothing(ask, CONFIGURATION),
            relationship=ask(f"/v1/pools/{pool.fqdn}/backup-relationship"),
        )
    except TwinpoolError as error:
        return FrontEndSays(name=front_end.name, silence=str(error))


def _or_nothing(ask: Callable[[str], Document], path: str) -> Document:
    """Return a document, an empty one where a front end cannot say: its store does not answer, which others tell."""
    try:
        return ask(path)
    except TwinpoolError:
        return {}


def _broker(deployment: Deployment, pool: Pool) -> BrokerExamination:
    others = tuple(other.fqdn for other in deployment.pools if other.fqdn != pool.fqdn)
    topology = Topology(pool=pool.fqdn, speakers=others, subjects=(CONTROL, *load_modules().names))
    try:
        url, tls = broker_url_of(pool), broker_tls(deployment, pool)
    except InvalidConfiguration as error:  # its password or its certificate lies elsewhere, or cannot be read
        return BrokerExamination(reason=str(error))
    return examine_broker(url, topology, tls=tls)


def _undecided(client: Client, pool: Pool) -> int | None:
    try:
        page = client.orphans(pool.fqdn, {"limit": "1"})
    except TwinpoolError:
        return None
    count = page.get("Undecided")
    return count if isinstance(count, int) else None


def _certificates(pool: Pool) -> dict[str, float | str]:
    return {f"{host}:{port}": _ends(host, port) for host, port in _with_tls(pool)}


def _with_tls(pool: Pool) -> Iterator[tuple[str, int]]:
    """Name whom a pool reaches by TLS: its front ends, and each node of its broker."""
    for url in dict.fromkeys([*(each.address for each in pool.front_ends), *broker_addresses(pool.broker_url)]):
        parts = urlsplit(url)
        if parts.scheme in _PORTS and parts.hostname:
            yield parts.hostname, parts.port or _PORTS[parts.scheme]


def _ends(host: str, port: int) -> float | str:
    """Return when the certificate that is shown at an address ends; whether it is trusted is another matter."""
    try:
        shown = ssl.get_server_certificate((host, port), timeout=TLS_SECONDS)
        return x509.load_pem_x509_certificate(shown.encode()).not_valid_after_utc.timestamp()
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__
