"""The thread in which a tenure settles who serves which home, and carries out what changes that."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from twinpool.errors import HomeNotReadOnly, HomeNotServed, HomeReadOnly, StoreUnavailable, TermTaken
from twinpool.failover.messages import FAILOVER, FailoverMessage
from twinpool.failover.rejoining import Policy
from twinpool.ports.broker import Delivery
from twinpool.protocol.messages import Batch, Open
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import CMS_HOME, Home, ModuleName, PoolFqdn, Stream
from twinpool.wire import Kind
from twinpool_services.backup.failover.agent import HomeAgent
from twinpool_services.backup.failover.heads import HeadNotes
from twinpool_services.backup.failover.papers import Standings
from twinpool_services.backup.failover.surroundings import ImportingDesk, Surroundings
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.roles import initial_homes, paired_homes
from twinpool_services.backup.tenure import Tenure

log = logging.getLogger(__name__)

TICK = 0.1  #: seconds between two looks at the clock
REST = 0.5  #: seconds between two looks at a home about which nothing is under way, unless somebody rings
SETBACKS = (StoreUnavailable, TermTaken, HomeNotReadOnly, HomeNotServed, HomeReadOnly)

ABOUT_HOMES = frozenset(
    {
        Kind.QUIESCE,
        Kind.QUIESCED,
        Kind.HAND_OVER,
        Kind.HANDED_OVER,
        Kind.ABORT,
        Kind.ABORTED,
        Kind.OBJECTED,
        Kind.VERIFY_WANTED,
        Kind.VERIFICATION_TOLD,
        Kind.STANDING_WANTED,
        Kind.STANDING,
    }
)
ABOUT_STREAMS = frozenset({Kind.REPAIR_WANTED, Kind.REPAIRED})
NOT_IMPORTED = frozenset({Kind.OPEN, Kind.BATCH})  #: of sessions that nobody here imports


class FailoverDesk:
    """The agents of all homes that this pool has to do with. `run` is the body of its thread."""

    def __init__(
        self,
        premises: Premises,
        tenure: Tenure,
        post: PostOffice,
        imports: Mapping[Stream, ImportingDesk],
        open_stream: Callable[[Stream], None],
    ) -> None:
        """Take office. Raises `StoreUnavailable`."""
        self._premises, self._tenure, self._post = premises, tenure, post
        self.inbox: Inbox[Delivery] = Inbox()
        self._published: Standings | None = None
        self._tick_at = 0.0
        self._link_came_up = threading.Event()
        self._rests_until: dict[Home, float] = {}
        was_away = premises.was_away()
        policy = policy_of(premises)
        homes = paired_homes(premises.deployment, premises.pool, premises.store.homes())
        self.agents = {
            status.home: HomeAgent(self._around(status, imports, open_stream), policy, was_away=was_away)
            for status in homes
        }
        self._heads = [HeadNotes(agent.around) for agent in self.agents.values()]

    def _around(
        self,
        status: HomeStatus,
        imports: Mapping[Stream, ImportingDesk],
        open_stream: Callable[[Stream], None],
    ) -> Surroundings:
        premises, home = self._premises, status.home
        is_cms = home == CMS_HOME
        modules = tuple(module.name for module in premises.modules if module.category.is_cms == is_cms)
        partner, peers = parties(premises, home)
        return Surroundings(
            home=home,
            modules=modules,
            partner=partner,
            peers=peers,
            premises=premises,
            tenure=self._tenure,
            post=self._post,
            imports={stream.module: desk for stream, desk in imports.items() if stream.home == home},
            open_stream=open_stream,
        )

    def register(self, post: PostOffice) -> None:
        """Ask for what concerns us. After the importers, who hear from those who serve by our knowledge."""
        for agent in self.agents.values():
            around = agent.around
            others = self._others() if around.home == CMS_HOME else around.peers
            for other in others:
                post.register(ABOUT_HOMES, Stream(around.home, FAILOVER), other, self)
                for stream in around.streams:
                    post.register(ABOUT_STREAMS, stream, other, self)
                    post.register_rest(NOT_IMPORTED, stream, other, self)

    def _others(self) -> tuple[PoolFqdn, ...]:
        premises = self._premises
        return tuple(pool.fqdn for pool in premises.deployment.pools if pool.fqdn != premises.pool)

    # ── what others tell, on their threads ──────────────────────────────────────────────────────────────────

    def link_up(self) -> None:
        """Have everybody asked at once: until the next question would be due, writes might wait for nothing."""
        self._link_came_up.set()
        self.inbox.ring()

    def link_down(self, reason: str) -> None:
        """Nothing to do: what was not heard is asked again."""

    def deliver(self, delivery: Delivery) -> None:
        """Take a message in."""
        self.inbox.put(delivery)

    def ring(self) -> None:
        """Hear that something else than a log may have changed: an operator may wish for something."""
        self.inbox.ring()

    # ── the thread ──────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Settle and carry out until the tenure is over. Raises `LeaseLost`."""
        while not self._tenure.is_over:
            delivery = self.inbox.take(max(self._tick_at - time.monotonic(), 0.0))
            if self.inbox.was_rung():
                self._look_at_all()
            if self._link_came_up.is_set():
                self._ask_all()
            if delivery is not None:
                self._hear(delivery)
            if time.monotonic() >= self._tick_at:
                self._tick_at = time.monotonic() + TICK
                self._tick()

    def _hear(self, delivery: Delivery) -> None:
        envelope = self._post.open(delivery)
        if envelope is None:
            return
        self._post.settle(delivery)  # Whoever hears no answer asks again.
        agent, message = self.agents[envelope.stream.home], envelope.message
        assert isinstance(message, FailoverMessage | Open | Batch)  # noqa: S101 - registered for these
        self._rests_until.pop(envelope.stream.home, None)
        self._attempt(agent, lambda: agent.hear(message, ModuleName(envelope.stream.module), envelope.source))

    def _look_at_all(self) -> None:
        """Let nobody rest at the next tick; not sooner, for whoever notes progress rings often."""
        self._rests_until.clear()
        for agent in self.agents.values():
            agent.look_for_wishes()

    def _ask_all(self) -> None:
        self._link_came_up.clear()
        for agent in self.agents.values():
            self._attempt(agent, agent.link_up)

    def _tick(self) -> None:
        now = time.monotonic()
        for home, agent in self.agents.items():
            if now < self._rests_until.get(home, 0.0):
                continue
            if self._attempt(agent, agent.tick) and agent.is_idle:
                self._rests_until[home] = now + REST
        try:
            self._publish()
            for notes in self._heads:
                notes.tick()
        except StoreUnavailable as error:
            log.warning("standings not told: %s", error, extra={"event": "failover.store_unavailable"})

    def _attempt(self, agent: HomeAgent, work: Callable[[], None]) -> bool:
        """Do something, and say whether it was done.

        When it fails, whatever came after it is left, and the agent begins anew from the store.
        """
        if self._tenure.is_over:
            return False
        try:
            work()
        except SETBACKS as error:
            extra = {"event": "failover.setback", "home": agent.around.home, "reason": str(error)}
            log.warning("%s: begun anew, for %s", agent.around.home, error, extra=extra)
            agent.begin_anew()
            return False
        return True

    def _publish(self) -> None:
        """Tell our front ends what they may let in, when that has changed."""
        standings = Standings(
            generation=self._tenure.generation,
            doubts={home: agent.doubt for home, agent in self.agents.items() if agent.is_settled and agent.doubt},
            unsettled=tuple(home for home, agent in self.agents.items() if not agent.is_settled),
        )
        if standings != self._published and not self._tenure.is_over:
            self._premises.papers.publish(standings)
            self._published = standings


def parties(premises: Premises, home: Home) -> tuple[PoolFqdn | None, tuple[PoolFqdn, ...]]:
    """Say who is our partner about a home, and whom we ask who serves it.

    For the CMS that is the other pool of the pair that it is kept in; every further pool is a bystander, who asks both.
    """
    deployment, pool = premises.deployment, premises.pool
    if home != CMS_HOME:
        partner = deployment.partner_of(pool)
        return partner, (partner,) if partner else ()
    master = deployment.cms_master
    pair = [master, *filter(None, [deployment.partner_of(master)])]
    if pool not in pair:
        return None, tuple(pair)
    others = tuple(each for each in pair if each != pool)
    return (others[0] if others else None), others


def policy_of(premises: Premises) -> Policy:
    """Read how long a silent partner is waited for, and what then."""
    deployment = premises.deployment
    threshold = deployment.backup_store_unavailable_threshold
    return Policy(
        timeout=deployment.partner_query_timeout.total_seconds(),
        on_silent=deployment.on_partner_silent,
        fence_after=None if threshold is None else threshold.total_seconds(),
    )


def homes_of(premises: Premises) -> tuple[Home, ...]:
    """Name the homes whose writes wait until it is settled who serves them."""
    return tuple(home for home, _ in initial_homes(premises.deployment, premises.pool))
