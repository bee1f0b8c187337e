"""The lease that makes one front end the pool's active one."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.vocabulary.names import FrontEndName, Generation, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to export and import for a pool, until `expires_at` by the store's clock."""

    holder: FrontEndName
    generation: Generation
    expires_at: Instant
