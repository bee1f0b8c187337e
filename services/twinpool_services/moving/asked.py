"""What is asked of pools before a home moves, by whoever wants it moved: a command, or a page of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from twinpool.vocabulary.deployment import Deployment

Document = Mapping[str, Any]


class PoolsAsked(Protocol):
    """The pools of one deployment. Methods block, and raise `PoolUnreachable` and what a pool refuses with."""

    @property
    def deployment(self) -> Deployment:
        """Who there is."""

    @property
    def cms_pools(self) -> tuple[str, ...]:
        """The pools that may serve the CMS: the one that did in the first term, and its backup pool."""

    def standing(self, fqdn: str, home: str) -> Document:
        """Return how a pool stands to a home, by its own durable knowledge."""

    def readiness(self, fqdn: str) -> Mapping[str, str]:
        """Return of each front end of a pool why it is not ready; an empty text if it is."""

    def active_front_end(self, fqdn: str) -> str | None:
        """Return which front end of a pool holds its lease, None if none does. Whoever may call may ask this."""

    def backup_status(self, fqdn: str, *, category: str, module: str) -> Document:
        """Return the status of a pool, of the modules that are asked for; `All` for every one."""

    def cms_replication(self, fqdn: str | None = None) -> Document:
        """Return how far each pool's replica of the CMS is, by the word of a pool, or of whoever serves it."""


def holder_of(document: Document) -> str | None:
    """Return who holds a pool's lease, by the word of one of its front ends."""
    lease = document.get("Lease")
    return str(lease["Holder"]) if isinstance(lease, dict) else None


def why_not_ready(document: Document | None) -> str:
    """Return what keeps a front end from being ready, by its own word; empty if nothing does."""
    checks = None if document is None else document.get("Checks")
    if not isinstance(checks, dict):
        return "whoever listens there is no front end"
    return "; ".join(f"{name}: {one['Reason']}" for name, one in checks.items() if one["Required"] and not one["Ok"])
