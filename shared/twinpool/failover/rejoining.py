"""The machine that settles with the partner who serves a home: before we serve, and whenever terms are in doubt.

Invariants that this machine keeps
- A pool that has just come back serves only what its partner has confirmed, or what nobody contradicted in time.
- The lower term gives way, always and to the whole of what the higher one tells; the higher one never moves.
- A term that the partner has given up to us is served by us and by nobody else, so it is taken over at any time.
- Nothing is taken for an answer that was not asked for in this term of office, except that a higher term is believed
  whoever speaks of it: terms only grow, so what is late is never wrong about a higher one.

The serving pool is asked again every `INTERVAL`, or oftener where silence fences, and whenever the link comes up, so
that two pools that were parted find each other's terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from twinpool.failover.messages import Standing, StandingWanted
from twinpool.vocabulary.home import HomeStatus, OnPartnerSilent, TermBeginning
from twinpool.vocabulary.names import Instant, PoolFqdn, Term

REPEAT = 1.0  #: seconds after which a question without an answer is asked again
INTERVAL = 5.0  #: seconds between questions once the answer is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a silent partner is waited for, and what then."""

    timeout: float = 10.0  #: seconds: `PartnerQueryTimeout`
    on_silent: OnPartnerSilent = OnPartnerSilent.SERVE
    fence_after: float | None = None  #: seconds of silence after which a serving pool takes no writes; None: never


# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Messages can be sent again; what was asked while they could not is lost."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The partner asked, or told."""

    message: StandingWanted | Standing


@dataclass(frozen=True, slots=True)
class HigherTermHeard:
    """Something else told of a higher term (a session, a refusal): ask for the whole of it, and serve no more."""

    term: Term


RejoiningEvent = Tick | LinkUp | Heard | HigherTermHeard

# ── actions ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the partner."""

    message: StandingWanted


@dataclass(frozen=True, slots=True)
class TellStanding:
    """Read status, then history, and tell them as a `Standing` with this `ask`."""

    ask: int


@dataclass(frozen=True, slots=True)
class Demote:
    """Call `Terms.demote`. Writes, exports and imports of the home are to end first, and are built anew afterwards."""

    term: Term
    serving_pool: PoolFqdn
    beginnings: tuple[TermBeginning, ...]


@dataclass(frozen=True, slots=True)
class Inherit:
    """Call `Terms.take_over` for this term if our imports stand at the beginnings; else do nothing (and say so)."""

    term: Term
    beginnings: tuple[TermBeginning, ...]


RejoiningAction = Ask | TellStanding | Demote | Inherit


class Rejoining:
    """One home at one pool of the pair, from when an active front end takes office to its end."""

    def __init__(self, pool: PoolFqdn, ask: int, policy: Policy, now: Instant, *, settled: bool = False) -> None:
        """Begin. `ask` is unlike that of any other term of office (the lease's generation); above 0.

        `settled`: another front end of this pool was in office until a moment ago, so nobody has been away.
        """
        self.pool, self.policy = pool, policy
        self.settled = settled  #: the partner has answered, or was waited for long enough
        self.doubt = ""  #: why we do not serve although our own durable word says so; empty if we may
        self._ask = ask
        self._began_at = self._heard_at = now
        self._asked_at: Instant | None = None
        self._answered = settled
        self._higher = Term(0)
        # A pool that fences itself asks so often that one answer that is lost is no silence.
        self._interval = INTERVAL if policy.fence_after is None else min(INTERVAL, policy.fence_after / 3)
        self._judge(now)

    def may_serve(self, status: HomeStatus) -> bool:
        """Whether writes are taken; the store's own fence (serving pool, mode) comes on top."""
        return status.serving_pool == self.pool and not self.doubt

    def may_resume(self) -> bool:
        """Whether operations may go on, and imports and exports open: not before it is known who serves."""
        return self.settled and not self._higher

    def handle(self, event: RejoiningEvent, status: HomeStatus, now: Instant) -> list[RejoiningAction]:
        """Take an event in and say what is to be done, in this order. `status` is what is durably known now."""
        if self._higher <= status.term:
            self._higher = Term(0)
        match event:
            case Tick():
                actions = self._tick(now)
            case LinkUp():
                actions = self._ask_now(now)
            case Heard(message):
                actions = self._hear(message, status, now)
            case HigherTermHeard(term):
                actions = self._heard_of(term, status, now)
            case _:
                assert_never(event)
        self._judge(now)
        return actions

    def _tick(self, now: Instant) -> list[RejoiningAction]:
        pause = self._interval if self._answered and not self._higher else REPEAT
        if now - self._began_at >= self.policy.timeout:
            self.settled = True
        if self._asked_at is not None and now < self._asked_at + pause:
            return []
        return self._ask_now(now)

    def _ask_now(self, now: Instant) -> list[RejoiningAction]:
        self._asked_at = now
        return [Ask(StandingWanted(ask=self._ask))]

    def _heard_of(self, term: Term, status: HomeStatus, now: Instant) -> list[RejoiningAction]:
        if term <= max(status.term, self._higher):
            return []
        self._higher = term
        return self._ask_now(now)

    def _hear(self, message: StandingWanted | Standing, status: HomeStatus, now: Instant) -> list[RejoiningAction]:
        if isinstance(message, StandingWanted):
            return [TellStanding(message.ask)]
        return self._standing(message, status, now)

    def _standing(self, standing: Standing, status: HomeStatus, now: Instant) -> list[RejoiningAction]:
        if standing.term > status.term:
            return self._give_way(standing, status)
        if standing.ask == self._ask:
            self.settled = self._answered = True
            self._heard_at = now
        # It has slept through a term: it need not wait until it asks.
        return [TellStanding(0)] if standing.term < status.term else []

    def _give_way(self, standing: Standing, status: HomeStatus) -> list[RejoiningAction]:
        """Take the higher term for what it is; the next answer, of the same term, settles it."""
        self._higher = max(self._higher, standing.term)
        if standing.serving_pool != self.pool:
            return [Demote(standing.term, standing.serving_pool, standing.history)]
        if status.serving_pool == self.pool:
            return []  # It names us in a term between which and ours we must have been away: our store went back.
        begun = tuple(each for each in standing.history if each.term == standing.term)
        return [Inherit(standing.term, begun)]

    def _judge(self, now: Instant) -> None:
        """Conclude whether what we durably know may be acted on."""
        silence = now - self._heard_at
        fence_after = self.policy.fence_after
        if self._higher:
            self.doubt = f"the partner has told of term {self._higher}, which is higher than ours"
        elif not self.settled:
            self.doubt = "the partner has not answered yet"
        elif not self._answered and self.policy.on_silent is OnPartnerSilent.READ_ONLY:
            self.doubt = "the partner does not answer, and OnPartnerSilent is ReadOnly"
        elif fence_after is not None and silence > fence_after:
            self.doubt = f"nothing was heard of the partner for {silence:.0f} s"
        else:
            self.doubt = ""
