"""A RabbitMQ cluster of one's own: several private nodes that know each other, in one directory."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from twinpool.brokers.private_address import HERE, Address, Membership, NodeTls, Place, new_address
from twinpool.brokers.private_node import PrivateNode
from twinpool.errors import BrokerUnreachable

NOTE = "cluster.json"


class PrivateCluster:
    """Nodes that are made at the first start, and found again from any process until they are stopped.

    A node of its own runs the port mapper, for it has to outlive each of them. Quorum queues get a member on each
    node, as long as there are three, and go on while more than half of them do.
    """

    def __init__(
        self,
        directory: Path,
        nodes: int,
        *,
        settings: Mapping[str, str] | None = None,
        place: Place = HERE,
        tls: NodeTls | None = None,
    ) -> None:
        """Know the cluster of a directory; nothing is written before `start`. Raises `BrokerUnreachable`."""
        self.directory = directory.absolute()
        self._count, self._settings, self._place, self._tls = nodes, dict(settings or {}), place, tls
        self.nodes: tuple[PrivateNode, ...] = ()
        self._mapper: PrivateNode | None = None
        if (self.directory / NOTE).exists():
            self._know(*self._recall())

    def url(self, vhost: str = "/") -> str:
        """Return a broker URL that names every node. Raises `BrokerUnreachable` if there never was one."""
        return _joined([node.url(vhost) for node in self._require()])

    def amqps_url(self, vhost: str = "/") -> str:
        """Return likewise one over TLS, for callers who are known by their certificates."""
        return _joined([node.amqps_url(vhost) for node in self._require()])

    def is_running(self) -> bool:
        """Say whether every node's process lives."""
        return bool(self.nodes) and all(node.is_running() for node in self.nodes)

    def start(self) -> None:
        """Start the nodes that do not run, all at once: each may wait for another to come up.

        Raises what starting a node raises.
        """
        if not self.nodes:
            self._make()
        if self._mapper is not None and not self._mapper.has_mapper():
            self._mapper.start_mapper()
        waiting = [node for node in self._require() if not node.is_running()]
        for node in waiting:
            node.launch()
        for node in waiting:
            node.await_up()

    def stop(self) -> None:
        """Stop the nodes in order."""
        for node in reversed(self.nodes):
            node.stop()
        self._end_mapper()

    def kill(self) -> None:
        """End the nodes as a power cut would."""
        for node in self.nodes:
            node.kill()
        self._end_mapper()

    # ── how ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _require(self) -> tuple[PrivateNode, ...]:
        if not self.nodes:
            raise BrokerUnreachable(f"no private RabbitMQ cluster was ever started in {self.directory}")
        return self.nodes

    def _end_mapper(self) -> None:
        if self._mapper is not None:
            self._mapper.kill()

    def _make(self) -> None:
        first = new_address()
        rest = [new_address(mapper=first.mapper, password=first.password) for _ in range(self._count - 1)]
        addresses, cookie = [first, *rest], secrets.token_hex(20)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)  # The cookie lies here.
        note = {"cookie": cookie, "addresses": [asdict(address) for address in addresses]}
        (self.directory / NOTE).write_text(json.dumps(note, indent=2), encoding="utf-8")
        self._know(cookie, addresses)

    def _know(self, cookie: str, addresses: list[Address]) -> None:
        peers = tuple(address.node for address in addresses)
        memberships = [Membership(address=address, cookie=cookie, peers=peers) for address in addresses]
        self._mapper = PrivateNode(self.directory / "mapper", membership=memberships[0], place=self._place)
        self.nodes = tuple(
            PrivateNode(
                self.directory / f"node{number}",
                settings=self._settings,
                schedulers=1,
                membership=membership,
                place=self._place,
                tls=self._tls,
            )
            for number, membership in enumerate(memberships, start=1)
        )

    def _recall(self) -> tuple[str, list[Address]]:
        path = self.directory / NOTE
        try:
            note = json.loads(path.read_text(encoding="utf-8"))
            return note["cookie"], [Address(**address) for address in note["addresses"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokerUnreachable(f"{path} is damaged; delete {self.directory} if nothing runs in it") from error


def _joined(urls: Sequence[str]) -> str:
    """Return one URL for nodes that differ in host and port alone."""
    parts = [urlsplit(url) for url in urls]
    credentials, at, _ = parts[0].netloc.rpartition("@")
    hosts = ",".join(part.netloc.rpartition("@")[2] for part in parts)
    return parts[0]._replace(netloc=f"{credentials}{at}{hosts}").geturl()
