"""Where RabbitMQ and Erlang's port mapper are installed."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from twinpool.errors import BrokerUnreachable

#: The scripts that start a node as whoever calls them; `/usr/sbin/rabbitmq-server` of Debian switches the user.
PLACES = (
    "usr/lib/rabbitmq/bin",
    "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "opt/rabbitmq/sbin",
    "opt/rabbitmq_server-*/sbin",
    "usr/local/rabbitmq_server-*/sbin",
)
MAPPERS = ("usr/lib/erlang/erts-*/bin/epmd", "usr/lib64/erlang/erts-*/bin/epmd", "usr/local/lib/erlang/erts-*/bin/epmd")

INSTALL = (
    "Install it (Debian, Ubuntu: apt-get install rabbitmq-server), set RABBITMQ_SERVER to the path of its "
    "rabbitmq-server script, or give the URL of a broker that runs already."
)


class RabbitmqNotInstalled(BrokerUnreachable):
    """There is no RabbitMQ on this machine to start a private node of."""

    hint = INSTALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The programs that a private node needs."""

    server: Path  #: rabbitmq-server
    ctl: Path  #: rabbitmqctl
    mapper: Path  #: epmd


def find_installation() -> Installation:
    """Find RabbitMQ. Raises `RabbitmqNotInstalled`."""
    server = _server()
    ctl = server.with_name("rabbitmqctl")
    if not ctl.exists():
        raise RabbitmqNotInstalled(f"there is no rabbitmqctl beside {server}")
    return Installation(server=server, ctl=ctl, mapper=_mapper())


def _server() -> Path:
    if given := os.environ.get("RABBITMQ_SERVER"):
        if not Path(given).is_file():
            raise RabbitmqNotInstalled(f"RABBITMQ_SERVER names {given}, which does not exist")
        return Path(given)
    found = [path for place in PLACES for path in sorted(Path("/").glob(f"{place}/rabbitmq-server"))]
    if not found:
        raise RabbitmqNotInstalled("rabbitmq-server is not installed")
    return found[-1] if "lib/rabbitmq_server-" in str(found[0]) else found[0]


def _mapper() -> Path:
    if found := shutil.which("epmd"):
        return Path(found)
    for place in MAPPERS:
        if paths := sorted(Path("/").glob(place)):
            return paths[-1]
    raise RabbitmqNotInstalled("Erlang's epmd is not installed")
