"""What the broker of a lab reads when it starts: its settings, and a user for each pool.

The users are those that `twinpool broker setup` makes: each may do what its pool needs, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from twinpool.brokers.permissions import BrokerUser, Definitions, plan_users
from twinpool.brokers.topology import topology_of
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.containers.plan import BROKER_METRICS_PORT, VIRTUAL_HOST

PLUGINS = "[rabbitmq_prometheus].\n"


def users_of(passwords: Mapping[PoolFqdn, str]) -> list[BrokerUser]:
    """Return the user of each pool."""
    modules = load_modules().names
    return [
        BrokerUser(name=pool, vhost=VIRTUAL_HOST, topology=topology_of(pool, passwords, modules), password=password)
        for pool, password in passwords.items()
    ]


def definitions(passwords: Mapping[PoolFqdn, str], made: Definitions) -> str:
    """Return the definitions of virtual host, users and permissions; what was made before and still fits is kept."""
    planned = plan_users(users_of(passwords), made).definitions
    document = {**planned, "vhosts": [{"name": VIRTUAL_HOST}]}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def settings(hosts: tuple[str, ...], directory: str) -> str:
    """Return rabbitmq.conf; several hosts form a cluster by this list."""
    lines = [
        "# The broker of a lab, made when it was started first.",
        "listeners.tcp.default = 5672",
        f"load_definitions = {directory}/definitions.json",
        "log.console = true",
        "log.console.level = warning",
        f"prometheus.tcp.port = {BROKER_METRICS_PORT}",
        # A lab stands on a disk that it shares with everything else on the machine.
        "disk_free_limit.absolute = 50MB",
    ]
    if len(hosts) > 1:
        lines += ["cluster_formation.peer_discovery_backend = classic_config"]
        lines += [f"cluster_formation.classic_config.nodes.{at} = rabbit@{host}" for at, host in enumerate(hosts, 1)]
        lines += ["cluster_partition_handling = pause_minority"]
    return "\n".join(lines) + "\n"
