"""What the broker of a lab reads when it starts: its settings, and a user for each pool (design §5).

A pool configures, reads and writes what bears its own name. It may write to its own exchange and into its own queues
(which is what binding them takes), and read from the exchanges of others (likewise), but never speak through them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from twinpool.brokers.topology import exchange_from
from twinpool.vocabulary.names import PoolFqdn

VIRTUAL_HOST = "twinpool"
PLUGINS = "[rabbitmq_prometheus].\n"
MONITOR_PORT = 15692  #: where the broker shows its metrics


def password_hash(password: str, salt: bytes | None = None) -> str:
    """Return what RabbitMQ keeps of a password: a salt, and the SHA-256 of both, in base64."""
    salt = secrets.token_bytes(4) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode("ascii")


def definitions(passwords: Mapping[PoolFqdn, str]) -> str:
    """Return the definitions that make the virtual host, and the users of the pools."""
    document: dict[str, Any] = {
        "users": [_user(pool, password) for pool, password in passwords.items()],
        "vhosts": [{"name": VIRTUAL_HOST}],
        "permissions": [_permissions(pool) for pool in passwords],
    }
    return json.dumps(document, indent=2) + "\n"


def _user(pool: PoolFqdn, password: str) -> dict[str, Any]:
    return {
        "name": pool,
        "password_hash": password_hash(password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
    }


def _permissions(pool: PoolFqdn) -> dict[str, str]:
    name = re.escape(pool).replace("\\-", "-")
    own = rf"^({re.escape(exchange_from(pool))}|to\.{name}\..*|quarantine\.{name})$"
    return {
        "user": pool,
        "vhost": VIRTUAL_HOST,
        "configure": own,
        "write": own,
        "read": rf"^(from\..*|to\.{name}\..*|quarantine\.{name})$",
    }


def settings(hosts: tuple[str, ...], directory: str) -> str:
    """Return rabbitmq.conf; several hosts form a cluster by this list."""
    lines = [
        "# The broker of a lab, made when it was started first.",
        "listeners.tcp.default = 5672",
        f"load_definitions = {directory}/definitions.json",
        "log.console = true",
        "log.console.level = warning",
        f"prometheus.tcp.port = {MONITOR_PORT}",
        # A lab stands on a disk that it shares with everything else on the machine.
        "disk_free_limit.absolute = 50MB",
    ]
    if len(hosts) > 1:
        lines += ["cluster_formation.peer_discovery_backend = classic_config"]
        lines += [f"cluster_formation.classic_config.nodes.{at} = rabbit@{host}" for at, host in enumerate(hosts, 1)]
        lines += ["cluster_partition_handling = pause_minority"]
    return "\n".join(lines) + "\n"
