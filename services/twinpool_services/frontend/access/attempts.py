"""How often credentials from one address have been wrong: bounded in time and in memory."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from twinpool.errors import TooManyAttempts

AT_MOST = 30  #: wrong credentials from one address
WITHIN = 60.0  #: seconds
MOST_ADDRESSES = 10_000  #: that are remembered; the one not heard of for longest is forgotten first


class FailedAttempts:
    """Counts wrong credentials by address. Used from one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody."""
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def check(self, address: str) -> None:
        """Look at no further credentials of an address. Raises `TooManyAttempts` if too many were wrong."""
        since, count = self._known.get(_network(address), (0.0, 0))
        left = since + WITHIN - self._clock()
        if count >= AT_MOST and left > 0:
            error = TooManyAttempts(f"{count} tokens from this address were not valid within {WITHIN:.0f} s")
            error.retry_after = left
            raise error

    def note(self, address: str) -> None:
        """Count one more."""
        network, now = _network(address), self._clock()
        since, count = self._known.pop(network, (now, 0))
        self._known[network] = (since, count + 1) if now - since < WITHIN else (now, 1)
        while len(self._known) > MOST_ADDRESSES:
            self._known.popitem(last=False)


def _network(address: str) -> str:
    """Return what is counted as one: of IPv6 the network, for a single host has all its addresses."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
