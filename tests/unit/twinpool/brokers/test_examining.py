from __future__ import annotations

from twinpool.brokers.free_ports import free_ports
from twinpool.brokers.rabbitmq import examine_broker
from twinpool.brokers.topology import Topology
from twinpool.vocabulary.names import PoolFqdn

TOPOLOGY = Topology(pool=PoolFqdn("pool1.lab"), speakers=(), subjects=("control",))


def test_of_a_cluster_each_node_is_tried() -> None:
    first, last = free_ports(2)

    seen = examine_broker(f"amqp://127.0.0.1:{first},127.0.0.1:{last}/twin", TOPOLOGY, connect_timeout=0.5)

    assert str(last) in seen.reason
    assert "refused" in seen.reason
