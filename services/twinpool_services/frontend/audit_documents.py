"""Documents of the audit log."""

from __future__ import annotations

from typing import Self

from twinpool.vocabulary.audit import AuditEntry, event_of
from twinpool.vocabulary.names import Instant
from twinpool_services.frontend.documents import Document, iso


class AuditEntryDocument(Document):
    """An entry: what it says, and what its hash is of."""

    number: int
    at: str | None
    front_end: str
    principal: str
    address: str
    action: str
    target: str
    status: int | None
    detail: str
    body: str
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Read an entry; one that was damaged says what it still can."""
        event = event_of(entry)
        at, status = event.get("at"), event.get("status")
        return cls(
            number=entry.number,
            at=iso(Instant(at)) if isinstance(at, int | float) else None,
            status=status if isinstance(status, int) else None,
            body=entry.body.decode("ascii", "backslashreplace"),
            hash=entry.hash.hex(),
            front_end=_text(event.get("front_end")),
            principal=_text(event.get("principal")),
            address=_text(event.get("address")),
            action=_text(event.get("action")),
            target=_text(event.get("target")),
            detail=_text(event.get("detail")),
        )


class AuditPage(Document):
    """Entries in order, and where the log ends."""

    pool_fqdn: str
    entries: list[AuditEntryDocument]
    next: int | None
    head_number: int
    head_hash: str


def _text(value: object) -> str:
    """Return a text that JSON can carry: of a lone surrogate it has only the escape."""
    return str(value or "").encode("utf-8", "backslashreplace").decode("utf-8")
