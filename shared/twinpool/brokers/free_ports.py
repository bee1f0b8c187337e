"""Ports of this machine on which nobody listens, for servers that are started in a moment, and perhaps again later."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOWEST = 10_000  #: below are those that are known by heart
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")  #: which ports Linux gives to outgoing connections


def free_ports(count: int) -> list[int]:
    """Find ports of 127.0.0.1 on which nobody listens, each another.

    Where there is room they lie below those that outgoing connections get. Such a connection could take one before its
    server listens, or while that is restarted, and one to a port of its own kind can even meet itself.
    """
    with contextlib.ExitStack() as held:  # All at once, so that none is given out twice.
        quiet = list(range(LOWEST, _first_outgoing()))
        random.SystemRandom().shuffle(quiet)
        sockets = [held.enter_context(_bound(quiet)) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in sockets]


def _bound(candidates: list[int]) -> socket.socket:
    """Bind a socket to the first candidate that is free; to any port at all if none is."""
    bound = socket.socket()
    while candidates:
        with contextlib.suppress(OSError):  # Somebody has it.
            bound.bind((LOOPBACK, candidates.pop()))
            return bound
    bound.bind((LOOPBACK, 0))
    return bound


def _first_outgoing() -> int:
    """Return the lowest port that an outgoing connection may get; 0 if that is not known."""
    try:
        return int(OUTGOING.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0
