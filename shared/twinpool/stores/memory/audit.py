"""The audit log."""

from __future__ import annotations

from twinpool.stores.memory.ground import Ground
from twinpool.vocabulary.audit import EMPTY, AuditEntry, AuditEvent, AuditHead, seal


class MemoryAudits(Ground):
    """One chain for all front ends."""

    def append_audit(self, event: AuditEvent) -> AuditEntry:
        """Note an event behind all others."""
        with self._lock:
            entry = seal(event, self.audit_head())
            self._audit.append(entry)
            return entry

    def audit_entries(self, *, after: int, limit: int) -> list[AuditEntry]:
        """Return entries above a number."""
        with self._lock:
            return self._audit[max(0, after) :][:limit]

    def audit_head(self) -> AuditHead:
        """Return where the log ends."""
        with self._lock:
            return AuditHead(self._audit[-1].number, self._audit[-1].hash) if self._audit else EMPTY


__all__ = ["MemoryAudits"]
