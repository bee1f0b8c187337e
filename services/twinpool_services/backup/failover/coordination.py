"""Carrying out operations that bring a home to this pool: one after the other, each from where it stands.

Invariant: actions are carried out in order; when one fails the rest are left, and the machine is built anew from what
is stored. So every place between two of them is one where the process may end.
"""

from __future__ import annotations

import logging
import time
from collections import deque

from twinpool.failover.coordinating import (
    AbortAsked,
    ApplyQueues,
    Coordinating,
    CoordinatingEvent,
    CursorsRead,
    QueuesApplied,
    ReadCursors,
    Save,
    Superseded,
    TakeOver,
    Tell,
    Tick,
    TookOver,
    Verify,
)
from twinpool.failover.messages import VerifyWanted
from twinpool.failover.operation import Kind, Operation, OperationId, Step
from twinpool.vocabulary.home import TermBeginning
from twinpool_services.backup.failover.surroundings import Surroundings

log = logging.getLogger(__name__)

LOOK = 0.25  #: seconds between two looks for operators' wishes
QUIET = 0.5  #: seconds without anything new after which the queues are taken to be empty


class Coordination:
    """The operations of one home at its target."""

    def __init__(self, around: Surroundings) -> None:
        """Take up what has not ended when first asked to."""
        self._around = around
        self._machine: Coordinating | None = None
        self._newest: OperationId | None = None
        self._looked_at = float("-inf")
        self._applying_since: float | None = None

    @property
    def operation(self) -> Operation | None:
        """The operation that is under way."""
        return self._machine.operation if self._machine else None

    def begin_anew(self) -> None:
        """Forget everything that is not stored."""
        self._machine, self._newest = None, None
        self._looked_at, self._applying_since = float("-inf"), None

    def look_soon(self) -> None:
        """Look for wishes at the next tick."""
        self._looked_at = float("-inf")

    def tick(self) -> None:
        """Take up operators' wishes, and go on with what is under way."""
        if time.monotonic() >= self._looked_at + LOOK:
            self._looked_at = time.monotonic()
            self._take_up()
            self._hear_abort()
        if self._applying_since is not None:
            self._apply_queues()
        self.feed(Tick())

    def feed(self, event: CoordinatingEvent) -> None:
        """Tell the machine something, and do what it asks for. Raises what the store does."""
        if self._machine is None:
            return
        events = deque([event])
        while events:
            now = self._around.store.now()
            for action in self._machine.handle(events.popleft(), self._around.status(), now):
                match action:
                    case Save(operation):
                        self._save(operation)
                    case Tell(message):
                        self._around.say(message, self._machine.operation.source)
                    case ReadCursors():
                        events.append(CursorsRead(self._around.cursors()))
                    case Verify():
                        operation = self._machine.operation
                        wanted = VerifyWanted(operation=operation.id, term=operation.term)
                        self._around.say(wanted, operation.source)
                    case ApplyQueues():
                        self._applying_since = time.monotonic()
                    case TakeOver(operation):
                        events.append(TookOver(self._take_over(operation)))
        if self._machine.operation.has_ended:
            self._machine = None

    # ── wishes ──────────────────────────────────────────────────────────────────────────────────────────────

    def _take_up(self) -> None:
        """Take the newest operation up; a disaster ends what was under way before it."""
        papers, home = self._around.papers, self._around.home
        newest = papers.newest_of(home)
        if newest is None or newest == self._newest:
            return
        under_way = [each for each in papers.operations() if each.home == home and not each.has_ended]
        wish = next((each for each in under_way if each.id == newest), None)
        for other in under_way:
            if other.id == newest:
                continue
            if wish is None or wish.kind is not Kind.DISASTER:
                self._go_on_with(other)
                return  # It is finished first; the newest is looked at again then.
            self._go_on_with(other)
            self.feed(Superseded(f"the disaster failover {wish.id} was asked for after it"))
        self._newest = newest
        if wish is not None:
            self._go_on_with(wish)

    def _go_on_with(self, operation: Operation) -> None:
        if self._machine is not None and self._machine.operation.id == operation.id:
            return
        extra = {"event": "failover.taken_up", "operation": operation.id, "step": operation.step}
        log.info("%s: operation %s goes on at %s", operation.home, operation.id, operation.step, extra=extra)
        self._machine = Coordinating(operation)

    def _hear_abort(self) -> None:
        if self._machine is None:
            return
        reason = self._around.papers.abort_wished(self._machine.operation.id)
        if reason is not None and self._machine.operation.step is not Step.ABORTING:
            self.feed(AbortAsked(reason))

    # ── performing ──────────────────────────────────────────────────────────────────────────────────────────

    def _save(self, operation: Operation) -> None:
        self._around.papers.save_operation(operation, generation=self._around.tenure.generation)
        extra = {"event": "failover.step", "operation": operation.id, "step": operation.step}
        log.info("%s: operation %s is %s", operation.home, operation.id, operation.step, extra=extra)

    def _apply_queues(self) -> None:
        """Wait until our importers have nothing more to do, or for as long as the operator wants to."""
        assert self._applying_since is not None and self._machine is not None  # noqa: S101, PT018 - see `tick`
        waited = time.monotonic() - self._applying_since
        quiet = all(desk.quiet_for >= QUIET for desk in self._around.imports.values())
        if (quiet and waited >= QUIET) or waited >= self._machine.operation.options.wait_time:
            self._applying_since = None
            self.feed(QueuesApplied())

    def _take_over(self, operation: Operation) -> tuple[TermBeginning, ...]:
        around, status = self._around, self._around.status()
        if (status.term, status.serving_pool) == (operation.term, around.premises.pool):
            return around.begun(operation.term)
        begun = around.store.take_over(
            around.home, around.modules, term=operation.term, generation=around.tenure.generation
        )
        extra = {"event": "failover.took_over", "home": around.home, "term": operation.term}
        log.warning("%s: we serve from term %d on", around.home, operation.term, extra=extra)
        return tuple(begun)
