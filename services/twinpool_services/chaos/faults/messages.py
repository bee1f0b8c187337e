"""Messages that are corrupted, doubled, reordered, replayed or lost on their way."""

from __future__ import annotations

from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.chaos.faults.brokers import SUBJECT
from twinpool_services.chaos.faults.fault import Active, TakenBackBy
from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.stage import RunFailed, Stage
from twinpool_services.chaos.tampering import Tamperer


def tamper(stage: Stage, fault: Fault, seed: int) -> Active:
    """Tamper with the batches that a pool is sent by its partner."""
    destination = stage.pool(fault.target).fqdn
    source = stage.lab.deployment.partner_of(destination)
    if source is None:
        raise RunFailed(f"nobody sends anything to {destination}")
    how = str(fault.settings.get("how", "corrupt"))
    tamperer = Tamperer(
        stage.lab.servers.broker_url, PoolFqdn(source), destination, SUBJECT, how, seed + int(fault.at * 1000)
    )
    tamperer.__enter__()

    def stop() -> str:
        tamperer.__exit__(None, None, None)
        return f"{how}: {tamperer.tampered} of {tamperer.seen} messages"

    return TakenBackBy(stop)
