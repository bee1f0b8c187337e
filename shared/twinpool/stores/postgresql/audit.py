"""The audit log."""

from __future__ import annotations

from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.statements import SQL
from twinpool.vocabulary.audit import AuditEntry, AuditEvent, AuditHead, seal


class PostgresqlAudits(Ground):
    """One chain for all front ends: who appends holds the row that says where it ends."""

    def append_audit(self, event: AuditEvent) -> AuditEntry:
        """Note an event behind all others."""
        with self._connections.transaction(("hold_audit_head", {})) as (connection, begun):
            ((number, hash_),) = begun[0]
            entry = seal(event, AuditHead(number, bytes(hash_)))
            kept = {"number": entry.number, "body": entry.body, "hash": entry.hash}
            connection.execute(SQL["append_audit"], kept)
            connection.execute(SQL["move_audit_head"], {"number": entry.number, "hash": entry.hash})
        return entry

    def audit_entries(self, *, after: int, limit: int) -> list[AuditEntry]:
        """Return entries above a number."""
        return [
            AuditEntry(number, bytes(body), bytes(hash_))
            for number, body, hash_ in self._rows("audit_entries", after=after, limit=limit)
        ]

    def audit_head(self) -> AuditHead:
        """Return where the log ends."""
        ((number, hash_),) = self._rows("audit_head")
        return AuditHead(number, bytes(hash_))


__all__ = ["PostgresqlAudits"]
