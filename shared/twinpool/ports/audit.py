"""What the audit log needs of the pool store."""

from __future__ import annotations

from typing import Protocol

from twinpool.vocabulary.audit import AuditEntry, AuditEvent, AuditHead


class Audits(Protocol):
    """The audit log of a pool: all its front ends append to one chain. Raises `StoreUnavailable`."""

    def append_audit(self, event: AuditEvent) -> AuditEntry:
        """Note an event behind all others, durably; whoever appends at the same time comes before or after."""

    def audit_entries(self, *, after: int, limit: int) -> list[AuditEntry]:
        """Return up to `limit` entries above a number, in order."""

    def audit_head(self) -> AuditHead:
        """Return where the log ends, as is noted beside it."""
