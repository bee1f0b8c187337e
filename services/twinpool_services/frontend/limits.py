"""How much a front end takes at once."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what clients may ask of one process."""

    threads: int = 32  #: that wait for the store and the disk on behalf of requests
    requests: int = 512  #: answered at the same time; more are answered by 503
    memory_bytes: int = 256 * MIB  #: of bodies and answers that are held whole, of all requests together; likewise
    connections: int = 2_000  #: open at the same time; for one more the one that was idle for longest is closed
    head: float = 10.0  #: seconds that the head of a request may take, and before it a TLS handshake
    idle: float = 30.0  #: seconds that a client may take between two pieces of a body, or to take a piece
    grace: float = 5.0  #: seconds that requests under way get when we stop

    record_bytes: int = 4 * MIB  #: of one value; modules may allow less
    transaction_changes: int = 10_000
    transaction_bytes: int = 4 * MIB  #: of one transaction, as the log keeps it
    file_bytes: int = 64 * GIB
    page_records: int = 1_000  #: in one answer to a list
    page_bytes: int = 4 * MIB  #: likewise, of values

    bulk_transactions: int = 2_048  #: of one bulk request that may be under way
    bulk_bytes: int = 4 * MIB  #: likewise
    bulk_errors: int = 100  #: told one by one; the others are counted

    @property
    def transaction_body_bytes(self) -> int:
        """How long a transaction may be as JSON: base64 takes a third more, and every change its member names."""
        return self.transaction_bytes * 4 // 3 + self.transaction_changes * 128
