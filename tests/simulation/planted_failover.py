"""Faults planted into failover, each of which its simulation has to find.

Like the rest, failover defends in depth: a hand-over is checked by its engagement and by its heads, and a term that was
given up is inherited whatever became of its operation. So some faults show only once both defences are gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twinpool.failover import coordinating, quiescing, rejoining, repairing
from twinpool.failover.messages import HandedOver, HandOver
from twinpool.failover.operation import Engaged, Engagement, Heads, Step
from twinpool.simulation.failover.parts import Cast
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import Generation, Home, Instant, ModuleName, PoolFqdn, Stream, Term


class AnswersWithoutGivingUp(quiescing.Quiescing):
    """Says that it has handed over, makes nothing of it durable, and writes on."""

    def handle(
        self, event: quiescing.QuiescingEvent, status: HomeStatus, now: Instant
    ) -> list[quiescing.QuiescingAction]:
        actions: list[quiescing.QuiescingAction] = []
        for action in super().handle(event, status, now):
            if isinstance(action, quiescing.GiveUp) and isinstance(event, quiescing.HeadsRead):
                begun = tuple(
                    TermBeginning(
                        home=status.home, module=module, term=action.term, serving_pool=action.to, position=head
                    )
                    for module, head in event.heads
                )
                said = HandedOver(operation=action.operation, term=action.term, beginnings=begun)
                actions += [quiescing.Tell(said), quiescing.SetMode(Mode.READ_WRITE)]
            else:
                actions.append(action)
        return actions


class HandsOverWhatWasAborted(quiescing.Quiescing):
    """Forgets that an operation was aborted, and takes any heads for its own."""

    def _hand_over(
        self, request: HandOver, known: Engagement | None, status: HomeStatus
    ) -> list[quiescing.QuiescingAction]:
        if known is not None and known.state is Engaged.ABORTED and status.term + 1 == known.term:
            known = replace(known, state=Engaged.ENGAGED)
            self.engagements[known.operation] = known
        return super()._hand_over(request, known, status)

    def handle(
        self, event: quiescing.QuiescingEvent, status: HomeStatus, now: Instant
    ) -> list[quiescing.QuiescingAction]:
        if isinstance(event, quiescing.HeadsRead) and isinstance(event.request, HandOver):
            event = replace(event, request=replace(event.request, heads=event.heads))
        return super().handle(event, status, now)


class HandsOverUndrained(coordinating.Coordinating):
    """Takes the hand-over before everything has arrived."""

    def _cursors_read(self, positions: Heads, now: Instant) -> list[coordinating.CoordinatingAction]:
        del positions
        return super()._cursors_read(self.operation.heads, now)

    def _verify(self, now: Instant) -> list[coordinating.CoordinatingAction]:
        return self._verified(now, passed=True, detail="")


class ServesUnanswered(coordinating.Coordinating):
    """Takes over without waiting for the source to give up."""

    def _do_step(self, now: Instant) -> list[coordinating.CoordinatingAction]:
        actions = super()._do_step(now)
        return [*actions, coordinating.TakeOver(self.operation)] if self._hands_over() else actions

    def _hands_over(self) -> bool:
        return self.operation.step is Step.HANDING_OVER


class SkipsRepairs(repairing.Repairing):
    """Opens the importer although records are of no worth."""

    def _tick(self, now: Instant) -> list[repairing.RepairingAction]:
        del now
        self.done = True
        return []


class NeverGivesWay(rejoining.Rejoining):
    """Goes on serving in the lower term."""

    def handle(
        self, event: rejoining.RejoiningEvent, status: HomeStatus, now: Instant
    ) -> list[rejoining.RejoiningAction]:
        return [each for each in super().handle(event, status, now) if not isinstance(each, rejoining.Demote)]


class NeverInherits(rejoining.Rejoining):
    """Leaves alone a term that was given up to it."""

    def handle(
        self, event: rejoining.RejoiningEvent, status: HomeStatus, now: Instant
    ) -> list[rejoining.RejoiningAction]:
        return [each for each in super().handle(event, status, now) if not isinstance(each, rejoining.Inherit)]


class KeepsServing(MemoryStore):
    """Raises the term by itself when it should only have given it to another pool: one number, two servers."""

    def give_up(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, to: PoolFqdn, generation: Generation
    ) -> list[TermBeginning]:
        begun = super().give_up(home, modules, term=term, to=to, generation=generation)
        self._homes[home] = HomeStatus(home=home, term=term, serving_pool=self.pool, mode=Mode.READ_WRITE)
        return begun


class ContinuesAboveTheFork(MemoryStore):
    """Takes a cursor past the fork for a shared one."""

    def demote(
        self,
        home: Home,
        beginnings: Sequence[TermBeginning],
        *,
        serving_pool: PoolFqdn,
        term: Term,
        generation: Generation,
    ) -> Mapping[ModuleName, int]:
        streams = [Stream(home, each.module) for each in beginnings]
        heads = {stream: self.head(stream) for stream in streams}
        counts = super().demote(home, beginnings, serving_pool=serving_pool, term=term, generation=generation)
        for stream, head in heads.items():
            state = self._kept_state(stream)
            if state.progress.cursor is not None:
                cursor = state.progress.cursor._replace(term=term, position=head)
                state.progress = replace(state.progress, cursor=cursor)
        return counts


@dataclass(frozen=True, slots=True)
class PlantedFailover:
    """A fault, and the cast that has it."""

    name: str
    shows_as: str  #: what the violation says
    cast: Cast


PLANTED_FAILOVERS = (
    PlantedFailover("answers without giving up", "", Cast(quiescing=AnswersWithoutGivingUp)),
    PlantedFailover("hands over what was aborted", "", Cast(quiescing=HandsOverWhatWasAborted)),
    PlantedFailover("hands over undrained", "", Cast(coordinating=HandsOverUndrained)),
    PlantedFailover("takes over before the answer", "", Cast(coordinating=ServesUnanswered)),
    PlantedFailover("repairs skipped", "", Cast(repairing=SkipsRepairs)),
    PlantedFailover("the lower term never gives way", "no agreement", Cast(rejoining=NeverGivesWay)),
    PlantedFailover("a term given up is not inherited", "no agreement", Cast(rejoining=NeverInherits)),
    PlantedFailover("one number, two servers", "names", Cast(store=KeepsServing)),
    PlantedFailover("a cursor above the fork continued", "", Cast(store=ContinuesAboveTheFork)),
)
