"""The thread that verifies, against our backup pool, the streams that we serve, when an operator has asked for it.

A verification is a document in the pool store: any front end takes the wish and shows how far it is, the active one
carries it out. One that a former active front end has begun is begun anew, for nothing of it changes what it is about.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from twinpool.errors import Invalid, Overtaken, StoreUnavailable
from twinpool.ports.broker import Delivery
from twinpool.verification.document import (
    CURRENT,
    ModuleVerification,
    Progress,
    Verification,
    document_name,
    read_verification,
    write_verification,
)
from twinpool.vocabulary.names import Route, Stream
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.roles import ExportRole
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.verification.content import ContentVerification
from twinpool_services.backup.verification.questions import NotNow, PartnerServes, PartnerSilent, Questions
from twinpool_services.backup.verification.stream import StreamVerification, Tell

log = logging.getLogger(__name__)

LOOK = 0.2  #: seconds between looks whether something is wished for
TELL = 0.5  #: seconds between two notes of how far it is


class VerificationDesk:
    """Carries out verifications, one at a time. `run` is the body of its thread."""

    def __init__(self, roles: tuple[ExportRole, ...], premises: Premises, tenure: Tenure, post: PostOffice) -> None:
        """Verify what of these goes to our backup pool."""
        self._premises, self._tenure, self._post = premises, tenure, post
        self._routes = {role.route for role in roles}
        self._told_at = 0.0
        self.inbox: Inbox[Delivery] = Inbox()

    def link_up(self) -> None:
        """Nothing to do: who misses an answer asks again."""

    def link_down(self, reason: str) -> None:
        """Nothing to do: who misses an answer asks again."""

    def deliver(self, delivery: Delivery) -> None:
        """Take an answer in."""
        self.inbox.put(delivery)

    def run(self) -> None:
        """Verify what is wished for until the tenure is over. Raises `LeaseLost`."""
        while not self._tenure.is_over:
            try:
                wish = self._wish()
                if wish is not None:
                    self._verify(wish)
            except StoreUnavailable as error:
                log.warning("verification put off: %s", error, extra={"event": "verification.store_unavailable"})
            late = self.inbox.take(LOOK)
            if late is not None:
                self._post.settle(late)

    def _wish(self) -> Verification | None:
        """Return the newest verification unless it is over."""
        store = self._premises.store
        newest = store.operation(CURRENT)
        document = None if newest is None else store.operation(document_name(newest.decode()))
        if document is None:
            return None
        try:
            wish = read_verification(document)
        except ValueError as error:
            log.warning("verification not understood: %s", error, extra={"event": "verification.unreadable"})
            return None
        return None if wish.is_over else wish

    # ── one verification ────────────────────────────────────────────────────────────────────────────────────

    def _verify(self, wish: Verification) -> None:
        extra = {"event": "verification.begun", "verification": wish.identity}
        log.info("verification %s begins", wish.identity, extra=extra)
        fresh = tuple(ModuleVerification(home=each.home, module=each.module) for each in wish.modules)
        now = replace(
            wish, progress=Progress.RUNNING, begun_at=self._premises.store.now(), modules=fresh, multi_master=()
        )
        self._save(now)
        for number in range(len(now.modules)):
            now = self._verify_module(now, number)
            self._save(now)
        now = replace(now, progress=Progress.DONE, ended_at=self._premises.store.now())
        self._save(now)
        outcome = "clean" if now.is_clean else "not clean"
        extra = {"event": "verification.done", "verification": now.identity, "outcome": outcome}
        log.info("verification %s is over: %s", now.identity, outcome, extra=extra)

    def _verify_module(self, now: Verification, number: int) -> Verification:
        one = now.modules[number]
        self._told_at = 0.0

        def tell(state: ModuleVerification) -> None:
            nonlocal one
            one = state
            if time.monotonic() >= self._told_at + TELL:
                self._told_at = time.monotonic()
                self._save(_with(now, number, state))

        try:
            return _with(now, number, replace(self._carry_out(now, one, tell), progress=Progress.DONE))
        except PartnerServes as error:
            homes = now.multi_master if now.suppress_multi_master else (*now.multi_master, one.home)
            now = replace(now, multi_master=tuple(dict.fromkeys(homes)))
            return _with(now, number, _failed(one, str(error)))
        except (NotNow, PartnerSilent, Invalid) as error:
            return _with(now, number, _failed(one, str(error)))
        except (Overtaken, StoreUnavailable):
            raise
        except Exception as error:  # It would end every tenure that tried again, and replication with it.
            extra = {"event": "verification.failed", "verification": now.identity}
            log.exception("verification %s failed", now.identity, extra=extra)
            return _with(now, number, _failed(one, f"it ended by a fault: {error!r}"))

    def _carry_out(self, now: Verification, one: ModuleVerification, tell: Tell) -> ModuleVerification:
        premises = self._premises
        stream = Stream(one.home, one.module)
        if Route(stream, now.backup_pool) not in self._routes:
            raise NotNow(f"{premises.pool} does not send {stream} to {now.backup_pool}")
        questions = Questions(
            now.identity, stream, (premises.pool, now.backup_pool), self.inbox, self._post, self._tenure
        )
        records = StreamVerification(premises, self._tenure, questions, tell)
        one = records.run(one, resync=now.resync)
        if premises.modules[stream.module].names_content:
            one = ContentVerification(premises, self._tenure, questions, records, tell).run(one, resync=now.resync)
        return one

    def _save(self, now: Verification) -> None:
        """Note how far it is. Raises `LeaseLost`, `StoreUnavailable`."""
        self._premises.store.save_operation(
            document_name(now.identity), write_verification(now), generation=self._tenure.generation
        )


def _failed(one: ModuleVerification, reason: str) -> ModuleVerification:
    return replace(one, progress=Progress.FAILED, reason=reason, remaining=one.differing)


def _with(now: Verification, number: int, one: ModuleVerification) -> Verification:
    return replace(now, modules=(*now.modules[:number], one, *now.modules[number + 1 :]))
