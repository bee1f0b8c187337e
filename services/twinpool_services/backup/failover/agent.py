"""One home at one pool, as the active front end stands for it: who serves it, and everything that may change that.

What is done to a home that this pool exports or imports depends on whether the desks of its streams are at work:
- before (the partner has not been heard yet) it may give way to a higher term, for nothing reads or writes the log;
- after, a higher term ends the tenure instead. What was heard is remembered (`Rumours`), and the next tenure begins by
  asking. What an operation changes while desks are at work is fenced by the store: exporters of a home that was given
  up find their sessions refused, importers of one that was taken over find theirs overtaken.
"""

from __future__ import annotations

import logging
import time
from typing import assert_never

from twinpool.failover import coordinating, quiescing, rejoining
from twinpool.failover.messages import (
    Abort,
    Aborted,
    FailoverMessage,
    HandedOver,
    HandOver,
    Objected,
    Quiesce,
    Quiesced,
    Repaired,
    RepairWanted,
    Standing,
    StandingWanted,
    VerificationTold,
    VerifyWanted,
)
from twinpool.protocol.messages import Batch, Open, Refusal, Refused
from twinpool.vocabulary.home import HomeStatus, TermBeginning, fork
from twinpool.vocabulary.names import Instant, ModuleName, PoolFqdn, Stream, Term
from twinpool_services.backup.failover.coordination import Coordination
from twinpool_services.backup.failover.quiescence import Quiescence
from twinpool_services.backup.failover.repairs import Repairs
from twinpool_services.backup.failover.surroundings import Surroundings

log = logging.getLogger(__name__)


class HomeAgent:
    """Hears what concerns one home and performs what its machines ask for. Used by one thread."""

    def __init__(self, around: Surroundings, policy: rejoining.Policy, *, was_away: bool) -> None:
        """Take office. Raises `StoreUnavailable`."""
        self.around = around
        self._began_as = around.status()
        self._coordination, self._quiescence = Coordination(around), Quiescence(around)
        self._repairs = Repairs(around, self._began_as)
        self._rejoin = rejoining.Rejoining(
            around.premises.pool,
            int(around.tenure.generation),
            policy,
            _clock(),
            settled=not was_away or not around.peers,
        )
        self._staffed = False
        self._opened: set[Stream] = set()  # whose desks are at work
        self._told_of: set[tuple[PoolFqdn, ModuleName, Term]] = set()  # who served it, too, as was said already
        rumour = around.premises.rumours.of(around.home)
        if rumour > self._began_as.term:
            self._rejoin.handle(rejoining.HigherTermHeard(rumour), self._began_as, _clock())

    @property
    def is_settled(self) -> bool:
        """Whether it is known who serves the home, or was waited for long enough."""
        return self._rejoin.may_resume()

    @property
    def doubt(self) -> str:
        """Why the home takes no writes here although by our own durable word we serve it; empty if it may."""
        return self._rejoin.doubt if self._began_as.serving_pool == self.around.premises.pool else ""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way here, so that nothing is missed by looking at the clock more seldom."""
        under_way = self._coordination.operation or self._quiescence.engaged
        at_work = self.is_settled and self._opened == set(self.around.streams)
        return at_work and not under_way and not self.doubt

    def look_for_wishes(self) -> None:
        """Look for operators' wishes at the next tick, however short ago that was done."""
        self._coordination.look_soon()

    def begin_anew(self) -> None:
        """Something failed: leave what was under way, and go on from what is stored."""
        self._coordination.begin_anew()
        self._quiescence.begin_anew()

    def link_up(self) -> None:
        """Ask at once what was asked in vain while nothing could be sent. Raises what the store does."""
        if self.around.peers:
            self._settle(rejoining.LinkUp())

    def tick(self) -> None:
        """Let time pass. Raises what the store does."""
        if self.around.peers:
            self._settle(rejoining.Tick())
        if self.around.tenure.is_over:
            return
        self._quiescence.tick()
        if self.is_settled:
            self._coordination.tick()
            self._repairs.tick()
            self._staff()
        self._look_who_serves()

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────

    def hear(self, message: FailoverMessage | Open | Batch, module: ModuleName, speaker: PoolFqdn) -> None:
        """Take in what another pool says. Raises what the store does."""
        around = self.around
        match message:
            case StandingWanted():
                self._tell_standing(message.ask, speaker)
            case Standing():
                self._settle(rejoining.Heard(message))
                if speaker == around.partner:
                    self._coordination.feed(coordinating.Heard(message))
            case Open() | Batch():
                self._hear_exporter(message, module, speaker)
            case _ if speaker != around.partner:
                log.warning(
                    "%s: %s of %s is not for us: it is not our partner here",
                    around.home,
                    type(message).__name__,
                    speaker,
                    extra={"event": "failover.not_our_partner"},
                )
            case Quiesce() | HandOver() | Abort():
                self._quiescence.feed(quiescing.Heard(message, speaker))
            case VerifyWanted():
                self._quiescence.verify(message, speaker)
            case Quiesced() | HandedOver() | Aborted() | Objected() | VerificationTold():
                if self.is_settled:
                    self._coordination.feed(coordinating.Heard(message))
            case RepairWanted():
                self._repairs.answer(message, module, speaker)
            case Repaired():
                self._repairs.hear(message, module)
            case _:
                assert_never(message)
        self._look_who_serves()

    def _hear_exporter(self, message: Open | Batch, module: ModuleName, speaker: PoolFqdn) -> None:
        """Hear of a session that nobody here imports: two pools serve the home, by what each of them knows."""
        status, session = self.around.status(), message.session
        if session.term > status.term:
            self._hear_of(session.term)
            return
        self._look_for_split_brain(message, module, speaker)
        if isinstance(message, Batch):
            return  # Nobody waits for an answer to each; who sends it is asked, and told, who serves.
        self._tell_standing(0, speaker)
        pool = self.around.premises.pool
        refusal = Refusal.HIGHER_TERM if session.term < status.term else Refusal.NOT_IMPORTED
        reason = f"{pool} does not import {self.around.home} from {speaker}: it knows {status.serving_pool} to serve it"
        term = status.term if session.term < status.term else None
        self.around.say(Refused(session=session, refusal=refusal, reason=reason, term=term), speaker, module)

    def _look_for_split_brain(self, message: Open | Batch, module: ModuleName, speaker: PoolFqdn) -> None:
        """Say so, once, if another pool took writes in a term that ours had ended: they are kept as orphans there."""
        around, term = self.around, message.session.term
        began = fork(around.store.history(around.home), module, above=term)
        if began is None or message.head <= began or (speaker, module, term) in self._told_of:
            return
        self._told_of.add((speaker, module, term))
        ours = around.status().term
        extra = {
            "event": "failover.split_brain",
            "home": around.home,
            "stream": f"{around.home}/{module}",
            "other": speaker,
            "former_term": term,
            "term": ours,
            "positions": message.head - began,
        }
        log.warning(
            "%s: %s has taken writes in term %d, past where term %d began; of %s it has at least %d change sets"
            " that we lack, which it keeps as orphans",
            around.home,
            speaker,
            term,
            ours,
            module,
            message.head - began,
            extra=extra,
        )

    def _hear_of(self, term: Term) -> None:
        """Remember a higher term; if desks are at work, end the tenure, so that the next one begins by asking."""
        around = self.around
        around.premises.rumours.note(around.home, term)
        if self._staffed:
            around.tenure.end(f"{around.home} is said to be in term {term}")
        else:
            self._settle(rejoining.HigherTermHeard(term))

    # ── settling who serves ─────────────────────────────────────────────────────────────────────────────────

    def _settle(self, event: rejoining.RejoiningEvent) -> None:
        for action in self._rejoin.handle(event, self.around.status(), _clock()):
            match action:
                case rejoining.Ask(message):
                    for peer in self.around.peers:
                        self.around.say(message, peer)
                case rejoining.TellStanding(ask):
                    for peer in self.around.peers:
                        self._tell_standing(ask, peer)
                case rejoining.Demote(term, serving_pool, beginnings):
                    self._give_way(term, serving_pool, beginnings)
                case rejoining.Inherit(term, beginnings):
                    self._inherit(term, beginnings)

    def _tell_standing(self, ask: int, to: PoolFqdn) -> None:
        status = self.around.status()
        history = tuple(self.around.store.history(self.around.home))
        standing = Standing(
            ask=ask, term=status.term, serving_pool=status.serving_pool, mode=status.mode, history=history
        )
        self.around.say(standing, to)

    def _give_way(self, term: Term, serving_pool: PoolFqdn, beginnings: tuple[TermBeginning, ...]) -> None:
        """Take over what a higher term says, unless desks are at work: then after this tenure."""
        around = self.around
        if self._staffed:
            self._hear_of(term)
            return
        found = around.store.demote(
            around.home, beginnings, serving_pool=serving_pool, term=term, generation=around.tenure.generation
        )
        extra = {
            "event": "failover.gave_way",
            "home": around.home,
            "former_term": self._began_as.term,
            "term": term,
            "orphans": sum(found.values()),
        }
        log.warning(
            "%s: %s serves in term %d; we give way from term %d, with %d changes that only we have",
            around.home,
            serving_pool,
            term,
            self._began_as.term,
            sum(found.values()),
            extra=extra,
        )

    def _inherit(self, term: Term, beginnings: tuple[TermBeginning, ...]) -> None:
        """Serve from a term that the partner has given up to us, if we hold everything up to where it begins."""
        around, stands = self.around, dict(self.around.cursors())
        if not all(stands.get(each.module) == each.position for each in beginnings):
            log.error(
                "%s: %s has given term %d up to us, but we do not hold all of it; repair the pool, or fail over again",
                around.home,
                around.partner,
                term,
                extra={"event": "failover.not_inherited", "home": around.home, "term": term},
            )
            return
        around.store.take_over(around.home, around.modules, term=term, generation=around.tenure.generation)
        extra = {"event": "failover.inherited", "home": around.home, "term": term}
        log.warning("%s: %s has given term %d up to us; we serve", around.home, around.partner, term, extra=extra)

    # ── consequences ────────────────────────────────────────────────────────────────────────────────────────

    def _staff(self) -> None:
        """Let the desks begin, once it is known who serves; importers wait until all is repaired, besides."""
        self._staffed = True
        serves = self._began_as.serving_pool == self.around.premises.pool
        for stream in self.around.streams:
            if serves or self._repairs.is_done(stream.module):
                self.around.open_stream(stream)
                self._opened.add(stream)

    def _look_who_serves(self) -> None:
        """End the tenure when that has changed: the next one has other desks."""
        status = self.around.status()
        if _standing(status) != _standing(self._began_as):
            self.around.tenure.end(f"{status.home} is in term {status.term}, served by {status.serving_pool}")


def _standing(status: HomeStatus) -> tuple[Term, PoolFqdn]:
    return status.term, status.serving_pool


def _clock() -> Instant:
    """Return the time by which silence is judged; it never jumps."""
    return Instant(time.monotonic())
