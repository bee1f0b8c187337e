"""The backup service of one front end: it stands for election, and works while it is the active one."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.rabbitmq import RabbitmqLink
from twinpool.brokers.topology import topology_of
from twinpool.content.fetch_plan import WINDOW
from twinpool.content.store import ContentStore
from twinpool.errors import StoreUnavailable
from twinpool.modules.registry import Modules
from twinpool.ports.broker import Link
from twinpool.ports.store import Store
from twinpool.security.passwords import broker_url_of
from twinpool.security.pool_keys import load_pool_keys
from twinpool.security.tls import broker_tls
from twinpool.stopping import Stop
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool.vocabulary.names import Home
from twinpool.vocabulary.security import Signatures
from twinpool.wire import Vouching
from twinpool_services.backup.configurations import Configurations
from twinpool_services.backup.election import Candidate
from twinpool_services.backup.failover.gate import ServingGate
from twinpool_services.backup.observing import LinkChanged, LinkState, Observer
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.roles import initial_homes
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.tracing import Tracing
from twinpool_services.backup.views import WorkerView
from twinpool_services.backup.worker import Worker

log = logging.getLogger(__name__)

FAILED_PAUSE = 1.0  #: seconds before a front end whose worker has died stands again, so that another may be elected


class BackupService:
    """Runs the election and the worker of one front end."""

    def __init__(
        self,
        *,
        deployment: Deployment,
        pool: Pool,
        front_end: FrontEnd,
        store: Store,
        modules: Modules,
        content: ContentStore,
        configurations: Configurations,
    ) -> None:
        """Stand under the front end's name, with everything that a worker works with when elected.

        Raises `InvalidConfiguration` for a broker URL or a key that cannot be read: now, and not when we are elected.
        """
        self.gate = ServingGate(store, (home for home, _ in initial_homes(deployment, pool.fqdn)))
        self._premises = Premises(
            deployment=deployment,
            pool=pool.fqdn,
            store=store,
            modules=modules,
            content=content,
            configurations=configurations,
            new_link=self._new_link,
            vouching=_vouching(deployment, pool),
            tracing=Tracing(pool.fqdn),
            was_away=lambda: not self.gate.is_settled,
        )
        self._worker: Worker | None = None
        self._pool = pool
        self._candidate = Candidate(store, front_end.name, deployment.lease_duration)
        self._new_link()

    @property
    def active(self) -> bool:
        """Whether this front end is the active one now; no more once its tenure is over, while it still tidies up."""
        tenure = self._candidate.tenure
        return tenure is not None and not tenure.is_over

    def be_watched(self, observer: Observer, tracing: Tracing) -> None:
        """Let somebody see what is done from the next tenure on."""
        self._premises = replace(self._premises, observer=observer, tracing=tracing)

    def view(self) -> WorkerView | None:
        """Tell what the worker is doing at this moment; None while this is not the active front end."""
        worker = self._worker
        return worker.view() if worker is not None and self.active else None

    def doubt(self, home: Home) -> str:
        """Say why a home takes no writes although the pool store says that we serve it; empty if it may."""
        return self.gate.doubt(home)

    def run(self, stop: Stop) -> None:
        """Stand and work until asked to stop; the lease has been given back when this returns."""

        def work(tenure: Tenure) -> None:
            with stop.calling(lambda: tenure.end(f"asked to stop: {stop.reason}")):
                self._work(tenure)
            if tenure.failed:
                stop.wait(FAILED_PAUSE)

        watching = threading.Thread(target=self.gate.watch, args=(stop,), name="gate", daemon=True)
        watching.start()
        self._candidate.run(work, stop)
        watching.join()

    def _work(self, tenure: Tenure) -> None:
        observer = self._premises.observer
        try:
            self._worker = Worker(self._premises, tenure)
            observer.note(LinkChanged(LinkState.DOWN, "connecting"))
            self._worker.run()
        except StoreUnavailable as error:
            tenure.end(f"the store is unavailable: {error}", failed=True)
        finally:
            self._worker = None
            observer.note(LinkChanged(LinkState.IDLE))

    def _new_link(self) -> Link:
        premises = self._premises
        pools = [pool.fqdn for pool in premises.deployment.pools]
        topology = topology_of(self._pool.fqdn, pools, premises.modules.names)
        heartbeat = max(1, round(premises.deployment.broker.heartbeat.total_seconds()))
        # Content that a batch waits for comes behind the batches of the window, and so must find room beside them.
        prefetch = max(LinkOptions().prefetch, 2 * premises.configurations.current().window + WINDOW + 8)
        options = LinkOptions(heartbeat=heartbeat, prefetch=prefetch, tls=broker_tls(premises.deployment, self._pool))
        return RabbitmqLink(broker_url_of(self._pool), topology, options)


def _vouching(deployment: Deployment, pool: Pool) -> Vouching:
    """Load the keys, and say whose messages are taken without a signature. Raises `InvalidConfiguration`."""
    signatures = deployment.security.signatures
    vouching = Vouching(keys=load_pool_keys(deployment, pool), signatures=signatures)
    undemanded = vouching.undemanded(other.fqdn for other in deployment.pools if other.fqdn != pool.fqdn)
    if undemanded:
        why = f'signatures = "{signatures}"' if signatures is Signatures.OFF else "they have no verify_keys"
        log.warning(
            "messages of %s are taken without a signature (%s): whoever can write to the broker can speak as them; "
            "docs/how-to/secure-the-broker.md says how to change that",
            ", ".join(undemanded),
            why,
            extra={"event": "security.unsigned", "pools": list(undemanded), "signatures": str(signatures)},
        )
    return vouching
