"""What a chaos run puts around the pools of a lab: proxies, clocks that can be moved, a small disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.addresses import broker_addresses
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool_services.chaos.scenario.model import Topology
from twinpool_services.chaos.tcp_proxy import LOOPBACK, Proxies
from twinpool_services.lab import NamespacesUnavailable, Network, StoreKind, require_partitions

DISK_MIB = 48
LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")
AMQP_PORT, POSTGRESQL_PORT = 5672, 5432


class CannotBeDoneHere(TwinpoolError):
    """This machine has no means for a scenario."""

    hint = "Run it as root on a machine with the packages that the scenario names, or leave it out."


class SmallDisk:
    """A file system in memory that can be filled. Takes root."""

    def __init__(self, path: Path) -> None:
        """Know its place."""
        self.path = path

    def mount(self) -> None:
        """Make it. Raises `CannotBeDoneHere`."""
        if os.geteuid() != 0:
            raise CannotBeDoneHere("only root may mount a small disk")
        self.path.mkdir(parents=True, exist_ok=True)
        options = f"size={DISK_MIB}m,mode=0700"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotBeDoneHere(f"no small disk: {done.stderr.strip()}")

    def unmount(self) -> None:
        """Take it away, if it is there."""
        if self.path.is_mount():
            subprocess.run(["umount", "--lazy", str(self.path)], capture_output=True, check=False)

    def fill(self) -> None:
        """Leave no room."""
        with (self.path / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(64 * 1024))
            except OSError:
                return

    def free(self) -> None:
        """Make room again."""
        (self.path / "ballast").unlink(missing_ok=True)


class Clocks:
    """Clocks of front ends that jump when a file says so, by libfaketime."""

    def __init__(self, directory: Path) -> None:
        """Keep the files there. Raises `CannotBeDoneHere` if libfaketime is not installed."""
        found = [path for pattern in LIBRARIES for path in sorted(Path("/").glob(pattern.lstrip("/")))]
        if not found:
            raise CannotBeDoneHere("libfaketime is not installed (Debian, Ubuntu: apt-get install libfaketime)")
        self._library, self._directory = found[0], directory
        directory.mkdir(parents=True, exist_ok=True)

    def environment(self, front_end: str) -> Mapping[str, str]:
        """Return what a process needs to have such a clock."""
        self.set(front_end, 0.0)
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(front_end)),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, front_end: str, seconds: float) -> None:
        """Have a front end's clock be so far ahead of the true one, from now on."""
        fresh = self._file(front_end).with_suffix(".new")
        fresh.write_text(f"{seconds:+.3f}s\n", encoding="ascii")
        fresh.replace(self._file(front_end))

    def _file(self, front_end: str) -> Path:
        return self._directory / front_end


class ChaosSurroundings:
    """Everything that stands around the pools; taken away when it is left, whatever happens."""

    def __init__(self, topology: Topology, directory: Path, extra: Mapping[str, str] | None = None) -> None:
        """Prepare for a lab in this directory; `extra` goes into every front end's environment."""
        self.topology = topology
        self.proxies = Proxies()
        self.disk = SmallDisk(directory / "disk") if topology.small_disk else None
        self._extra = dict(extra or {})
        self._directory = directory
        self.clocks: Clocks | None = None
        self._reached: dict[PoolFqdn, str] = {}

    def __enter__(self) -> Self:
        try:
            if self.topology.network is Network.NAMESPACES:
                _require_partitions()
            if self.topology.clocks:
                self.clocks = Clocks(self._directory / "clocks")
            if self.disk is not None:
                self.disk.mount()
        except TwinpoolError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take everything away."""
        self.proxies.close()
        if self.disk is not None:
            self.disk.unmount()
        if self.clocks is not None:
            shutil.rmtree(self._directory / "clocks", ignore_errors=True)

    @property
    def _has_lines(self) -> bool:
        return self.topology.network is Network.LOOPBACK

    # ── what the lab asks ───────────────────────────────────────────────────────────────────────────────────

    def broker_url(self, pool: PoolFqdn, url: str) -> str:
        """Lead a pool to each node of the broker through a line of its own."""
        if not self._has_lines:
            return url
        if pool not in self._reached:
            nodes = [_through(self.proxies, pool, "broker", node, AMQP_PORT) for node in broker_addresses(url)]
            first, *others = nodes
            hosts = ",".join(urlsplit(node).netloc.rpartition("@")[2] for node in [first, *others])
            parts = urlsplit(first)
            credentials, at, _host = parts.netloc.rpartition("@")
            self._reached[pool] = parts._replace(netloc=f"{credentials}{at}{hosts}").geturl()
        return self._reached[pool]

    def store_url(self, pool: PoolFqdn, url: str) -> str:
        """Lead a pool to its store: on the small disk, through a line, or straight."""
        if self.disk is not None and pool == self.topology.small_disk:
            return f"sqlite:///{self.disk.path}/{pool}.db"
        if self.topology.store is StoreKind.POSTGRESQL and self._has_lines:
            return _through(self.proxies, pool, "store", url, POSTGRESQL_PORT)
        return url

    def address(self, front_end: FrontEndName, listen: str) -> str | None:
        """Lead others to a front end through a line of its pool's."""
        if not self._has_lines:
            return None
        host, _, port = listen.rpartition(":")
        pool = front_end.partition(".")[2]
        return f"http://{LOOPBACK}:{self.proxies.lead(pool, 'partner', (host, int(port)))}"

    def environment(self, front_end: FrontEndName) -> Mapping[str, str]:
        """Give a front end its clock."""
        return {**self._extra, **(self.clocks.environment(front_end) if self.clocks else {})}


def _require_partitions() -> None:
    try:
        require_partitions()
    except NamespacesUnavailable as error:
        raise CannotBeDoneHere(str(error)) from error


def _through(proxies: Proxies, pool: str, link: str, url: str, usual: int) -> str:
    """Return a URL that leads through a line."""
    parts = urlsplit(url)
    port = proxies.lead(pool, link, (parts.hostname or LOOPBACK, parts.port or usual))
    netloc = re.sub(r"[^@]*$", f"{LOOPBACK}:{port}", parts.netloc, count=1)
    return parts._replace(netloc=netloc).geturl()
