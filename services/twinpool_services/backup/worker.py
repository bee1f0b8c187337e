"""The worker: what the active front end of a pool does, and nobody else.

It is a scope. It opens the link, starts a thread for each route and each stream, and ends them all, however it is
left. Nothing here asks "am I the active one?": outside the scope these threads do not exist, and what a paused one
does late is refused by the store (generation) and by the partner (session).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from twinpool.errors import Overtaken, StoreUnavailable
from twinpool.vocabulary.names import Route, Stream
from twinpool.wire import Kind
from twinpool_services.backup.batch_traces import BatchTraces
from twinpool_services.backup.content_desk import ContentDesk
from twinpool_services.backup.drill.desk import DrillDesk
from twinpool_services.backup.export_desk import ExportDesk
from twinpool_services.backup.failover.desk import FailoverDesk
from twinpool_services.backup.failover.surroundings import ImportingDesk
from twinpool_services.backup.forced_syncs import ForcedSyncs
from twinpool_services.backup.housekeeping import STEP, prune_acknowledged, prune_expired
from twinpool_services.backup.import_desk import ImportDesk
from twinpool_services.backup.post import PostOffice, Trust
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.roles import Roles, roles_of
from twinpool_services.backup.sweeping import sweep_content
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.untrusted import UntrustedTally
from twinpool_services.backup.verification.desk import VerificationDesk
from twinpool_services.backup.verification.replica_desk import ReplicaDesk
from twinpool_services.backup.views import WorkerView

log = logging.getLogger(__name__)

TO_EXPORTER = frozenset({Kind.OPENED, Kind.ACKNOWLEDGEMENT, Kind.REOPEN, Kind.REFUSED})
TO_IMPORTER = frozenset({Kind.OPEN, Kind.BATCH, Kind.PIECE, Kind.CONTENT_PART, Kind.CONTENT_ABSENT})
TO_CONTENT = frozenset({Kind.CONTENT_WANTED})
TO_REPLICA = frozenset({Kind.PIECE_WANTED, Kind.PARTS_WANTED, Kind.CONTENT_CHECK_WANTED})
TO_VERIFIER = frozenset({Kind.PIECE_READ, Kind.PARTS_READ, Kind.CONTENT_CHECKED, Kind.HINDERED})
CONTENT_BACK = frozenset({Kind.CONTENT_PART, Kind.CONTENT_ABSENT})  #: for a file of ours that was damaged

LOOK = 0.25  #: seconds that the worker waits for a wake-up before it looks by itself
PRUNE_PAUSE = 1.0  #: seconds between prunings when there is little to forget
HASTE = 0.02  #: seconds between them when there is much
SWEEP_PAUSE = 3600.0  #: seconds between two sweeps of the content store
JOIN_SECONDS = 10.0  #: how long a thread may take to end before that is worth a word


class Worker:
    """One tenure's work."""

    def __init__(self, premises: Premises, tenure: Tenure) -> None:
        """Bind a tenure to the premises; nothing happens before `run`."""
        self._premises, self._tenure = premises, tenure
        self._roles_at_start = roles = self._roles()
        self._link = premises.new_link()
        speakers = frozenset(pool.fqdn for pool in premises.deployment.pools if pool.fqdn != premises.pool)
        self._untrusted = UntrustedTally(premises.store, tenure.generation)
        self._traces = BatchTraces(premises.store, premises.tracer, tenure.generation)
        trust = Trust(premises.vouching, self._untrusted.note)
        self._post = PostOffice(premises.pool, self._link, speakers, trust, premises.observer)
        self.exports = [ExportDesk(role, premises, tenure, self._post) for role in roles.exports]
        self.imports = [ImportDesk(role, premises, tenure, self._post) for role in roles.imports]
        self._syncs = ForcedSyncs(premises.store, self.exports, tenure.generation)
        self._content_desk = ContentDesk(premises.pool, premises.content, self._post, tenure)
        self._verification_desk = VerificationDesk(roles.exports, premises, tenure, self._post)
        self._replica_desk = ReplicaDesk(premises, self._post, tenure)
        self._drill_desk = DrillDesk(premises, tenure, premises.new_copy)
        self._sweep_at = time.monotonic() + SWEEP_PAUSE
        self._begun: dict[Stream, threading.Event] = defaultdict(threading.Event)
        importing: dict[Stream, ImportingDesk] = {desk.role.stream: desk for desk in self.imports}
        self._failover_desk = FailoverDesk(premises, tenure, self._post, importing, self._begin)
        self._register()

    def run(self) -> None:
        """Work until the tenure is over."""
        with self._threads(), self._linked():
            self._watch()

    def view(self) -> WorkerView:
        """Tell how everything stands at this moment; from any thread."""
        return WorkerView(
            generation=self._tenure.generation,
            blocked=self._post.blocked,
            exports=tuple(desk.view() for desk in self.exports),
            imports=tuple(desk.view() for desk in self.imports),
        )

    # ── assembling ──────────────────────────────────────────────────────────────────────────────────────────

    def _roles(self) -> Roles:
        premises = self._premises
        user = [module.name for module in premises.modules if not module.category.is_cms]
        cms = [module.name for module in premises.modules if module.category.is_cms]
        return roles_of(premises.deployment, premises.pool, premises.store.homes(), user, cms)

    def _register(self) -> None:
        for exporting in self.exports:
            stream, partner = exporting.route.stream, exporting.route.destination
            self._post.register(TO_EXPORTER, stream, partner, exporting)
            self._post.register(TO_CONTENT, stream, partner, self._content_desk)
            self._post.register(TO_VERIFIER | CONTENT_BACK, stream, partner, self._verification_desk)
            # By our knowledge nobody has to ask us; somebody who serves it by his own is told that we do.
            self._post.register(TO_REPLICA, stream, partner, self._replica_desk)
        for importing in self.imports:
            stream, source = importing.role.stream, importing.role.source
            self._post.register(TO_IMPORTER, stream, source, importing)
            self._post.register(TO_CONTENT, stream, source, self._content_desk)
            self._post.register(TO_REPLICA, stream, source, self._replica_desk)
        self._failover_desk.register(self._post)

    def _begin(self, stream: Stream) -> None:
        """Let the desks of a stream begin: it is settled who serves it, and nothing of it is left to repair."""
        self._begun[stream].set()

    # ── the scope ───────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _linked(self) -> Iterator[None]:
        self._link.start(self._post)
        try:
            yield
        finally:
            # First the link: nothing new comes in, and what was not acknowledged goes back to the broker.
            self._link.close()

    @contextmanager
    def _threads(self) -> Iterator[None]:
        bodies = {f"export {desk.route}": self._once_begun(desk.route.stream, desk.run) for desk in self.exports}
        for desk in self.imports:
            bodies[f"import {desk.role.stream}"] = self._once_begun(desk.role.stream, desk.run)
            bodies[f"open {desk.role.stream}"] = self._once_begun(desk.role.stream, desk.opening.run)
        bodies |= {"failover": self._failover_desk.run, "content": self._content_desk.run, "pruning": self._prune}
        bodies |= {"verifying": self._verification_desk.run, "being verified": self._replica_desk.run}
        bodies["rehearsing"] = self._drill_desk.run
        threads = [
            threading.Thread(target=self._guarded, args=(name, body), name=name, daemon=True)
            for name, body in bodies.items()
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._tenure.end("the worker has ended")
            for begun in list(self._begun.values()):
                begun.set()
            for thread in threads:
                thread.join(JOIN_SECONDS)
                if thread.is_alive():
                    log.error("thread %s has not ended", thread.name, extra={"event": "worker.thread_stuck"})

    def _once_begun(self, stream: Stream, body: Callable[[], None]) -> Callable[[], None]:
        """Hold a thread's body back until the desks of its stream may begin."""
        begun = self._begun[stream]

        def run() -> None:
            begun.wait()
            body()

        return run

    def _guarded(self, name: str, body: Callable[[], None]) -> None:
        """Run a thread's body; whatever ends it ends the tenure, so that no half of a worker goes on."""
        try:
            body()
        except Overtaken as error:
            self._tenure.end(f"{name}: {error}")
        except Exception as error:
            log.critical("%s died", name, exc_info=True, extra={"event": "worker.thread_died", "part": name})
            self._tenure.end(f"{name} died: {error!r}", failed=True)

    # ── the worker's own thread ─────────────────────────────────────────────────────────────────────────────

    def _watch(self) -> None:
        """Pass wake-ups on to the exporters; now and then take up forced syncs and see whether the roles changed."""
        wakeups = self._premises.store.wakeups()
        look_at = time.monotonic()
        try:
            while not self._tenure.is_over:
                if wakeups.wait(LOOK):
                    self._pass_on(wakeups.grown())
                if time.monotonic() >= look_at:
                    look_at = time.monotonic() + LOOK
                    self._look()
        finally:
            wakeups.close()

    def _pass_on(self, grown: Collection[Stream] | None) -> None:
        """Ring the exporters of what has grown; everybody where that is not known.

        What hears the ring has to know a configuration that was committed before it.
        """
        configurations = self._premises.configurations
        if grown is None or configurations.stream in grown:
            configurations.forget()
        if grown is None:
            self._failover_desk.ring()
        for desk in self.exports:
            if grown is None or desk.route.stream in grown:
                desk.ring()

    def _look(self) -> None:
        try:
            self._syncs.look()
            self._untrusted.publish()
            self._traces.publish()
            if self._roles() != self._roles_at_start:
                self._tenure.end("who serves which home has changed")
        except Overtaken as error:
            self._tenure.end(str(error))
        except StoreUnavailable as error:
            log.warning("store unavailable: %s", error, extra={"event": "worker.store_unavailable"})

    def _prune(self) -> None:
        """Forget what everybody has, in small steps; the body of a thread."""
        premises, generation = self._premises, self._tenure.generation
        routes: dict[Stream, list[Route]] = defaultdict(list)
        for desk in self.exports:
            routes[desk.route.stream].append(desk.route)
        while not self._tenure.is_over:
            gone = 0
            try:
                for stream, its_routes in routes.items():
                    if not self._begun[stream].is_set():
                        continue
                    gone += prune_acknowledged(premises.store, stream, its_routes, generation)
                    gone += prune_expired(premises.store, stream, premises.configurations.current(), generation)
                self._sweep()
            except StoreUnavailable as error:
                log.warning("log not pruned: %s", error, extra={"event": "prune.store_unavailable"})
            self._tenure.wait(PRUNE_PAUSE if gone < STEP else HASTE)

    def _sweep(self) -> None:
        """Remove content that nothing names any more, now and then."""
        if time.monotonic() < self._sweep_at:
            return
        self._sweep_at = time.monotonic() + SWEEP_PAUSE
        premises = self._premises
        streams = {role.route.stream for role in self._roles_at_start.exports}
        streams |= {role.stream for role in self._roles_at_start.imports}
        sweep_content(premises.store, premises.content, premises.modules, sorted(streams))
