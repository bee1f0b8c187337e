"""Facts as sentences, for what a rule tells as its evidence."""

from __future__ import annotations

from twinpool.errors import ContentMissing
from twinpool_services.diagnosis.hindrance import RouteFacts


def pending(facts: RouteFacts) -> tuple[str, ...]:
    """Say what waits."""
    if not facts.is_pending:
        return ("nothing is pending",)
    size = f"{facts.pending_changes} changes, {facts.pending_bytes} bytes"
    return (
        f"pending: {size}, the oldest {span(facts.pending_age)} old",
        f"positions: head {facts.head}, acknowledged {facts.acknowledged}",
    )


def last_failure(facts: RouteFacts) -> tuple[str, ...]:
    """Say why the last attempt failed, if it did."""
    return (f"the last attempt failed: {facts.failure}",) if facts.failure else ()


def last_heard(facts: RouteFacts) -> str:
    """Say when the backup pool was heard."""
    if facts.proof_age is None:
        return f"{facts.backup_pool} was never heard"
    return f"{facts.backup_pool} was last heard {span(facts.proof_age)} ago, AckTimeout is {span(facts.ack_timeout)}"


def is_proven(facts: RouteFacts) -> bool:
    """Whether the backup pool was heard in time."""
    return facts.proof_age is not None and facts.proof_age <= facts.ack_timeout


def seen_by_partner(facts: RouteFacts) -> tuple[str, ...]:
    """Say what the backup pool knows of a pool that is silent."""
    partner = facts.partner
    if partner.silence:
        return (f"nor does {facts.backup_pool}: {partner.silence}",)
    if partner.heard_ago is None:
        return ()
    return (f"{facts.backup_pool} last heard of it {span(partner.heard_ago)} ago, and stands at {partner.cursor}",)


def is_of_content(failure: str) -> bool:
    """Whether a failure is that of missing content, which is kept as a sentence with its hint."""
    return ContentMissing.hint in failure


def span(seconds: float) -> str:
    """Write a span of time, for example `4.2 s` or `3 min`."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
