"""What can be set on a link, whichever broker it goes to."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from twinpool.brokers.topology import CONTROL

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """How much a queue holds before it rejects: the last guard, far above what the exporters' windows allow.

    They are arguments of the queue: a queue that exists with others must be deleted to change them.
    """

    messages: int = 100_000  #: in a queue that is consumed
    size: int = 1024 * MIB  #: bytes in a queue that is consumed
    quarantined: int = 10_000  #: messages in quarantine; the oldest go first
    quarantined_size: int = 256 * MIB  #: bytes in quarantine
    control_ttl: float = 60.0  #: seconds that a control message waits for a reader; later it would mislead


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """How a link behaves."""

    heartbeat: int = 10  #: seconds; a broker that is silent for longer, and five more, is given up
    connect_timeout: float = 5.0  #: seconds for the socket, and twice that for the whole handshake
    prefetch: int = 32  #: unacknowledged deliveries of a module's queue
    control_prefetch: int = 512  #: unacknowledged deliveries of the control queue
    bind_again: float = 1.0  #: seconds until a binding that could not be made is tried again
    tls: ssl.SSLContext | None = None  #: for amqps: what the broker is checked by, and shown; None: as the URL says
    limits: QueueLimits = field(default_factory=QueueLimits)

    def prefetch_of(self, subject: str) -> int:
        """Say how many unacknowledged deliveries of a subject there may be."""
        return self.control_prefetch if subject == CONTROL else self.prefetch
