"""The whole deployment as one front end sees it at a moment: frozen, and shared by all who look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool_services.frontend.fact_documents import ReplicationFactsDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEndSight:
    """A front end. Times are in seconds since 1970, by the clock of who looks."""

    name: FrontEndName
    pool: PoolFqdn
    answers: bool
    active: bool = False
    heard_at: float | None = None  #: when it last answered; None if it has not since somebody looks
    why_silent: str = ""  #: of one that does not answer, or would not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSight:
    """A pool."""

    fqdn: PoolFqdn
    backup_pool: PoolFqdn | None
    front_ends: tuple[FrontEndSight, ...]
    facts: ReplicationFactsDocument | None = None  #: what a front end of it has told last
    told_at: float | None = None  #: when that was
    last_heard: float | None = None  #: when anybody was sure that it lived; None if that was never

    @property
    def answers(self) -> bool:
        """Whether any of its front ends does."""
        return any(each.answers for each in self.front_ends)

    @property
    def active(self) -> FrontEndSight | None:
        """The active front end, None if there is none that answers."""
        return next((each for each in self.front_ends if each.answers and each.active), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All of it."""

    at: float
    seen_by: FrontEndName
    pools: tuple[PoolSight, ...] = field(default_factory=tuple)

    def pool(self, fqdn: str) -> PoolSight | None:
        """Return a pool by its name."""
        return next((each for each in self.pools if each.fqdn == fqdn), None)

    def groups(self) -> Iterator[tuple[PoolSight, PoolSight | None]]:
        """Yield the pairs, and pools that are in none, in the deployment's order."""
        shown: set[str] = set()
        for each in self.pools:
            if each.fqdn in shown:
                continue
            partner = self.pool(each.backup_pool) if each.backup_pool else None
            shown |= {each.fqdn} | ({partner.fqdn} if partner else set())
            yield each, partner


def last_heard(
    pool: str, front_ends: Sequence[FrontEndSight], told: Sequence[tuple[float, ReplicationFactsDocument]]
) -> float | None:
    """Say when a pool was last known to live: by its own front ends, or by what other pools have of it.

    A pool's acknowledgements are noted in the store of the pool that feeds it, so that is known even if nobody looked.
    """
    heard = [each.heard_at for each in front_ends if each.heard_at is not None]
    for at, facts in told:
        heard += [
            at - route.proof_age_seconds
            for route in facts.routes
            if route.destination == pool and route.proof_age_seconds is not None
        ]
        heard += [
            at - stream.live.heard_ago_seconds
            for stream in facts.streams
            if stream.source == pool and stream.live is not None and stream.live.heard_ago_seconds is not None
        ]
    return max(heard, default=None)
