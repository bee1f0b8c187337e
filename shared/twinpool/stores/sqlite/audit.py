"""The audit log."""

from __future__ import annotations

from twinpool.stores.sqlite.ground import Ground
from twinpool.stores.sqlite.statements import SQL
from twinpool.vocabulary.audit import AuditEntry, AuditEvent, AuditHead, seal


class SqliteAudits(Ground):
    """One chain for all front ends; SQLite's one writer keeps it one."""

    def append_audit(self, event: AuditEvent) -> AuditEntry:
        """Note an event behind all others."""
        with self._connections.writing() as connection:
            entry = seal(event, AuditHead(*connection.execute(SQL["hold_audit_head"]).fetchone()))
            kept = {"number": entry.number, "body": entry.body, "hash": entry.hash}
            connection.execute(SQL["append_audit"], kept)
            connection.execute(SQL["move_audit_head"], {"number": entry.number, "hash": entry.hash})
        return entry

    def audit_entries(self, *, after: int, limit: int) -> list[AuditEntry]:
        """Return entries above a number."""
        return [AuditEntry(*row) for row in self._rows("audit_entries", {"after": after, "limit": limit})]

    def audit_head(self) -> AuditHead:
        """Return where the log ends."""
        return AuditHead(*next(iter(self._rows("audit_head"))))


__all__ = ["SqliteAudits"]
