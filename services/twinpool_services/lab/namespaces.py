"""Network namespaces of a lab: one for each pool and one for the broker, joined by a bridge. Takes root.

So that a partition is one: packets are dropped by the kernel, on the way out, on the way in, or both.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.names import PoolFqdn

BROKER = "broker"
SUBNETS = 250  #: of 10.213.0.0/16, one a lab


class NamespacesUnavailable(TwinpoolError):
    """Network namespaces cannot be made here."""

    hint = "Run it as root with iproute2 and iptables installed, or without --network namespaces."


class Namespaces:
    """The namespaces of one lab. They are found again by the lab's directory, from any process."""

    def __init__(self, directory: Path, pools: Sequence[PoolFqdn]) -> None:
        """Know them; none is made before `up`."""
        digest = hashlib.blake2b(str(directory).encode(), digest_size=4)
        self._mark = f"tp{digest.hexdigest()[:6]}"
        self._subnet = f"10.213.{1 + int.from_bytes(digest.digest(), 'big') % SUBNETS}"
        self._numbers: dict[str, int] = {BROKER: 2} | {str(pool): 10 + at for at, pool in enumerate(pools, start=1)}

    def address(self, who: str) -> str:
        """Return the address of the broker or of a pool."""
        return f"{self._subnet}.{self._numbers[who]}"

    def command(self, who: str) -> tuple[str, ...]:
        """Return what runs a command in the namespace of the broker or of a pool."""
        return (_program("ip"), "netns", "exec", self._name(who))

    def up(self) -> None:
        """Make what is not there. Raises `NamespacesUnavailable`."""
        _require_root()
        bridge = f"{self._mark}br"
        if not Path("/sys/class/net", bridge).exists():
            self._ip("link", "add", bridge, "type", "bridge")
            self._ip("addr", "add", f"{self._subnet}.1/24", "dev", bridge)
            self._ip("link", "set", bridge, "up")
        for who in self._numbers:
            if not Path("/run/netns", self._name(who)).exists():
                self._make(who, bridge)

    def down(self) -> None:
        """Take everything away, whether it is there or not."""
        for who in self._numbers:
            if Path("/run/netns", self._name(who)).exists():
                self._ip("netns", "del", self._name(who))
        if Path("/sys/class/net", f"{self._mark}br").exists():
            self._ip("link", "del", f"{self._mark}br")

    def part(self, who: str, *, outwards: bool, inwards: bool) -> None:
        """Drop what the broker or a pool sends, or what it is sent by others in the lab, until `join`."""
        for chain, wanted in (("OUTPUT", outwards), ("INPUT", inwards)):
            side = "-s" if chain == "INPUT" else "-d"
            if wanted:  # What comes from the bridge itself are our own questions; they are no part of the lab.
                self._within(who, "iptables", "-A", chain, side, f"{self._subnet}.1", "-j", "ACCEPT")
                self._within(who, "iptables", "-A", chain, side, f"{self._subnet}.0/24", "-j", "DROP")

    def join(self, who: str) -> None:
        """Let everything through again."""
        self._within(who, "iptables", "-F")

    # ── how ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _name(self, who: str) -> str:
        return f"{self._mark}-{self._numbers[who]}"

    def _make(self, who: str, bridge: str) -> None:
        name, link = self._name(who), f"{self._mark}v{self._numbers[who]}"
        self._ip("netns", "add", name)
        self._ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        self._ip("link", "set", link, "master", bridge, "up")
        self._ip("-n", name, "addr", "add", f"{self.address(who)}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self._ip("-n", name, "link", "set", device, "up")

    @staticmethod
    def _ip(*words: str) -> None:
        _run([_program("ip"), *words])

    def _within(self, who: str, program: str, *words: str) -> None:
        _run([*self.command(who), _program(program), *words])


def require_partitions() -> None:
    """Raise `NamespacesUnavailable` unless pools can be parted here."""
    _require_root()
    for program in ("ip", "iptables"):
        _program(program)


def _require_root() -> None:
    if os.geteuid() != 0:
        raise NamespacesUnavailable("only root may make network namespaces")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise NamespacesUnavailable(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")


def _program(name: str) -> str:
    path = os.pathsep.join(["/usr/sbin", "/sbin", os.environ.get("PATH", "")])
    if (found := shutil.which(name, path=path)) is None:
        raise NamespacesUnavailable(f"{name} is not installed")
    return found
