"""What there is to say of a pair, once for the picture and for the table beside it: pure conclusions from a scene."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from twinpool.vocabulary.names import CMS_HOME, PoolFqdn
from twinpool.vocabulary.states import ExportState
from twinpool_services.dashboard.live.scene import FrontEndSight, PoolSight
from twinpool_services.frontend.fact_documents import HomeFactsDocument, ReplicationFactsDocument, RouteFactsDocument

STALE_AFTER = 5.0  #: seconds after which what a pool has told of itself is not taken for what is


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How something stands that a pool needs."""

    what: str  #: `broker` or `store`
    state: str  #: `ok`, `warning`, `bad` or `unknown`
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEndView:
    """A front end, in words."""

    name: str
    short: str  #: without the pool's name, where that is its end
    state: str  #: `ok` if it is active, `standby`, or `bad`
    words: str
    heard_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A home that a pool serves."""

    home: str
    term: int
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """A pool, in words."""

    fqdn: PoolFqdn
    answers: bool
    last_heard: float | None
    front_ends: tuple[FrontEndView, ...]
    serves: tuple[Served, ...]
    health: tuple[Health, ...]
    told_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What one pool sends to the other of one module."""

    home: str
    module: str
    source: PoolFqdn
    destination: PoolFqdn
    state: str  #: of the export; `unknown` if its pool does not say so now
    head: int
    acknowledged: int
    pending: int  #: changes
    pending_bytes: int
    lag: float  #: seconds, of the oldest change that is not acknowledged
    proven_at: float | None  #: when the importer was last heard of
    told_at: float  #: when this was told
    reason: str  #: empty if there is none, or if whoever looks may not be told

    @property
    def name(self) -> str:
        """The last part of the module's name, and the home where that is not the source's own."""
        short = self.module.rpartition(".")[2]
        return short if self.home in {self.source, CMS_HOME} else f"{short} of {self.home}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """Two pools, or one without a partner."""

    first: PoolView
    second: PoolView | None
    flows: tuple[Flow, ...]


def pair_view(first: PoolSight, second: PoolSight | None, *, now: float, reasons: bool) -> PairView:
    """Conclude what there is to say; reasons of errors only to those who may be told."""
    both = [first, *([second] if second else [])]
    homes = newest_homes([each.facts for each in both if each.facts])
    return PairView(
        first=_pool(first, homes),
        second=_pool(second, homes) if second else None,
        flows=tuple(flow for each in both for flow in _flows(each, both, now=now, reasons=reasons)),
    )


def newest_homes(told: Iterable[ReplicationFactsDocument]) -> tuple[HomeFactsDocument, ...]:
    """Return each home in its highest term that anybody has told of; who sleeps may know an older one."""
    newest: dict[str, HomeFactsDocument] = {}
    for facts in told:
        for home in facts.homes:
            known = newest.get(home.home)
            if known is None or home.term > known.term:
                newest[home.home] = home
    return tuple(newest[name] for name in sorted(newest, key=lambda name: (name == CMS_HOME, name)))


def _pool(sight: PoolSight, homes: tuple[HomeFactsDocument, ...]) -> PoolView:
    return PoolView(
        fqdn=sight.fqdn,
        answers=sight.answers,
        last_heard=sight.last_heard,
        front_ends=tuple(_front_end(each, sight.fqdn) for each in sight.front_ends),
        serves=tuple(
            Served(home=each.home, term=each.term, read_only=each.read_only)
            for each in homes
            if each.serving_pool == sight.fqdn
        ),
        health=tuple(_health(sight)),
        told_at=sight.told_at,
    )


def _front_end(sight: FrontEndSight, pool: str) -> FrontEndView:
    if not sight.answers:
        state, words = "bad", "does not answer"
    elif sight.why_silent:
        state, words = "warning", sight.why_silent
    else:
        state, words = ("ok", "active") if sight.active else ("standby", "standing by")
    short = sight.name.removesuffix(f".{pool}")
    return FrontEndView(name=sight.name, short=short, state=state, words=words, heard_at=sight.heard_at)


_LINK_STATES = {"up": "ok", "blocked": "warning", "down": "bad"}
_LINK_WORDS = {
    "up": "connected",
    "blocked": "asks us to stop publishing",
    "down": "not connected",
    "idle": "nobody of this pool is active",
}


def _health(sight: PoolSight) -> Iterator[Health]:
    facts = sight.facts
    if facts is None or not sight.answers:
        yield Health(what="store", state="unknown", words="not known now")
        yield Health(what="broker", state="unknown", words="not known now")
        return
    is_open = facts.store == "open"
    yield Health(what="store", state="ok" if is_open else "bad", words="answers" if is_open else "does not answer")
    link = facts.link.state
    yield Health(what="broker", state=_LINK_STATES.get(link, "unknown"), words=_LINK_WORDS.get(link, link))


def _flows(sight: PoolSight, both: list[PoolSight], *, now: float, reasons: bool) -> Iterator[Flow]:
    if sight.facts is None or sight.told_at is None:
        return
    inside = {each.fqdn for each in both}
    fresh = sight.answers and now - sight.told_at < STALE_AFTER
    for route in sight.facts.routes:
        if route.destination in inside:
            yield _flow(sight.fqdn, route, sight.told_at, fresh=fresh, reasons=reasons)


def _flow(source: PoolFqdn, route: RouteFactsDocument, told_at: float, *, fresh: bool, reasons: bool) -> Flow:
    state = route.export_status if fresh else "unknown"
    failed = fresh and route.export_status == ExportState.ERROR
    silent = "nothing was acknowledged for too long" if failed else ""
    return Flow(
        home=route.home,
        module=route.backup_module,
        source=source,
        destination=PoolFqdn(route.destination),
        state=state,
        head=route.head_position,
        acknowledged=route.acknowledged_position,
        pending=route.pending_changes,
        pending_bytes=route.pending_bytes,
        lag=route.oldest_pending_seconds if route.pending_changes else 0.0,
        proven_at=None if route.proof_age_seconds is None else told_at - route.proof_age_seconds,
        told_at=told_at,
        reason=(route.failure or silent) if reasons else "",
    )
