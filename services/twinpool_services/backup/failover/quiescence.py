"""Carrying out what a source is asked for by another pool's operation: read-only, verified, handed over, forgotten."""

from __future__ import annotations

import logging
from collections import deque

from twinpool.failover.messages import VerificationTold, VerifyWanted
from twinpool.failover.operation import Engaged, Engagement, Verification
from twinpool.failover.quiescing import (
    GaveUp,
    GiveUp,
    HeadsRead,
    Keep,
    Quiescing,
    QuiescingEvent,
    ReadBeginnings,
    ReadHeads,
    SetMode,
    Tell,
    Tick,
)
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.backup.failover.comparing import compared
from twinpool_services.backup.failover.surroundings import Surroundings

log = logging.getLogger(__name__)


class Quiescence:
    """How one home stands to other pools' operations. Same rule as `Coordination`: in order, or anew."""

    def __init__(self, around: Surroundings) -> None:
        """Begin with what is stored."""
        self._around = around
        self._machine: Quiescing | None = None

    @property
    def engaged(self) -> Engagement | None:
        """The operation that the home is read-only for."""
        return self._machine.engaged if self._machine else None

    def begin_anew(self) -> None:
        """Forget everything that is not stored."""
        self._machine = None

    def tick(self) -> None:
        """Let time pass."""
        self.feed(Tick())

    def feed(self, event: QuiescingEvent) -> None:
        """Tell the machine something, and do what it asks for. Raises what the store does."""
        around, store, generation = self._around, self._around.store, self._around.tenure.generation
        machine = self._known()
        events = deque([event])
        while events:
            for action in machine.handle(events.popleft(), around.status(), store.now()):
                match action:
                    case Keep(engagement):
                        self._keep(engagement)
                    case SetMode(mode):
                        store.set_mode(around.home, mode, generation=generation)
                    case ReadHeads(request):
                        events.append(HeadsRead(request, around.heads()))
                    case GiveUp(operation, term, to):
                        begun = store.give_up(around.home, around.modules, term=term, to=to, generation=generation)
                        events.append(GaveUp(operation, tuple(begun)))
                    case ReadBeginnings(operation, term):
                        events.append(GaveUp(operation, around.begun(term)))
                    case Tell(message):
                        if around.partner is not None:
                            around.say(message, around.partner)

    def verify(self, request: VerifyWanted, speaker: PoolFqdn) -> None:
        """Have our records compared with the coordinator's, and tell how far that is."""
        engaged = self._known().engaged
        if engaged is None or engaged.operation != request.operation or engaged.state is not Engaged.ENGAGED:
            told = VerificationTold(
                operation=request.operation,
                verification=Verification.FAILED,
                detail="the source is not read-only for this operation",
            )
        else:
            told = compared(self._around, engaged)
        self._around.say(told, speaker)

    def _known(self) -> Quiescing:
        if self._machine is None:
            self._machine = Quiescing(self._around.premises.pool, self._around.papers.engagements(self._around.home))
        return self._machine

    def _keep(self, engagement: Engagement) -> None:
        self._around.papers.keep_engagement(engagement, generation=self._around.tenure.generation)
        extra = {"event": "failover.engagement", "operation": engagement.operation, "state": engagement.state}
        log.info(
            "%s: %s for operation %s of %s%s",
            engagement.home,
            engagement.state,
            engagement.operation,
            engagement.coordinator,
            f": {engagement.reason}" if engagement.reason else "",
            extra=extra,
        )
