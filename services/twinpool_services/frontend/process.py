"""One front end's process: where everything is put together, and taken apart in order.

A pool restarts by itself: while the store cannot be opened the process stays, answers `/livez` and says why, and
tries again. What trying again cannot mend ends it at once, with an exit code that says what to do.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from twinpool.content.store import ContentStore
from twinpool.errors import Invalid, Refused, StoreUnavailable, TwinpoolError
from twinpool.interpreter import tune_the_interpreter
from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.registry import Modules, load_modules
from twinpool.ports.store import Store
from twinpool.retrying import Policy
from twinpool.security.tls import server_tls
from twinpool.stopping import Stop, stop_on_signals
from twinpool.stores.commit_group import CommitGroup
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import CMS_HOME, Stream, Term
from twinpool_services.backup import BackupService, Configurations, initial_homes
from twinpool_services.frontend.app import create_app
from twinpool_services.frontend.context import Context, OpenPool
from twinpool_services.frontend.exit_codes import ExitCode
from twinpool_services.frontend.first_writes import FirstWrites
from twinpool_services.frontend.gated_commits import GatedCommits
from twinpool_services.frontend.limits import Limits
from twinpool_services.frontend.measuring import watch_of
from twinpool_services.frontend.server import PortTaken, Server, listen
from twinpool_services.frontend.watched_commits import WatchedCommits
from twinpool_services.telemetry import start_tracing, timed_store

log = logging.getLogger(__name__)

#: For a store that cannot be opened when we start: it may come up after us, so we never give up.
STORE_OPENING = Policy(name="store.open", on=(StoreUnavailable,), first_pause=0.25, longest_pause=5.0)

BACKUP_STOP_SECONDS = 15.0  #: how long the backup service may take to stop before we go on without it
WATCH_STOP_SECONDS = 5.0  #: likewise the thread that measures


def run(deployment: Deployment, pool: Pool, front_end: FrontEnd, limits: Limits | None = None) -> int:
    """Run a front end until a signal asks it to stop; return the process's exit code. In the main thread only."""
    stop = Stop()
    try:
        with stop_on_signals(stop):
            return _run(deployment, pool, front_end, limits or Limits(), stop)
    except KeyboardInterrupt:
        # A second Ctrl-C: nothing that is under way is waited for. What was answered is durable all the same.
        os._exit(ExitCode.INSISTED)


def _run(deployment: Deployment, pool: Pool, front_end: FrontEnd, limits: Limits, stop: Stop) -> ExitCode:
    try:
        with ExitStack() as unwinding:
            unwinding.callback(start_tracing(pool.fqdn, front_end.name))
            return FrontEndProcess(deployment, pool, front_end, limits).run(stop)
    except Refused as error:  # NameTaken, PortTaken
        return _refused(error, ExitCode.REFUSED)
    except Invalid as error:
        return _refused(error, ExitCode.CONFIGURATION)


def _refused(error: TwinpoolError, code: ExitCode) -> ExitCode:
    log.error("not started: %s. %s", error, error.hint, extra={"event": "front_end.refused", "exit_code": int(code)})
    return code


@dataclass(frozen=True, slots=True)
class _Opened:
    """What has been opened, and how to close it again."""

    pool: OpenPool
    backup: BackupService
    close: Callable[[], None]


class FrontEndProcess:
    """The parts of one front end."""

    def __init__(self, deployment: Deployment, pool: Pool, front_end: FrontEnd, limits: Limits) -> None:
        """Put together what needs neither store nor network. Raises `InvalidConfiguration`."""
        self._deployment, self._pool, self._front_end, self._limits = deployment, pool, front_end, limits
        self._tls = server_tls(deployment, front_end.name)
        self._modules: Modules = load_modules()
        self.context = Context(
            deployment=deployment, pool=pool, front_end=front_end, modules=self._modules, limits=limits
        )
        self._failure = ""  #: what ended without having been asked to

    def run(self, stop: Stop) -> ExitCode:
        """Serve until asked to stop. Raises `NameTaken`, `PortTaken`, `InvalidConfiguration`."""
        opened = self._open_once()  # Before we listen: a name that is taken has the better error.
        try:
            ended = self._on_end("http", stop)
            server = Server(create_app(self.context), listen(self._front_end), self._limits, ended, self._tls)
        except PortTaken:
            if opened is not None:
                opened.close()
            raise
        tune_the_interpreter()
        server.start()
        self._say("front_end.listening", "listens on %s", self._front_end.listen)
        self._serve(server, opened, stop)
        if self._failure:
            log.error("ended: %s", self._failure, extra={"event": "front_end.failed"})
            return ExitCode.FAILED
        self._say("front_end.stopped", "has stopped: %s", stop.reason)
        return ExitCode.STOPPED

    def _serve(self, server: Server, opened: _Opened | None, stop: Stop) -> None:
        """Do the work, and stop in order.

        1. the server: what is under way is finished, and nothing new begins, or the rest would never end;
        2. the backup service: it may still send what was committed just now; in the end it releases the lease, so
           that another front end of the pool takes over at once;
        3. the store: until here both needed it.
        """
        with ExitStack() as unwinding:
            try:
                if opened is None:
                    opened = self._open_patiently(stop)
                if opened is None:
                    return
                unwinding.callback(opened.close)
                unwinding.callback(self._start_backup(opened.backup, stop))
                self.context.open(opened.pool)
                unwinding.callback(self._start_watch())
                self._say("front_end.ready", "is ready")
                stop.wait()
            finally:
                self.context.stopping.request("the front end stops")
                server.stop()
                self.context.close()

    # ── opening ─────────────────────────────────────────────────────────────────────────────────────────────

    def _open_once(self) -> _Opened | None:
        """Try once; None if the store does not answer."""
        try:
            return self._open()
        except StoreUnavailable as error:
            self._note_setback(error)
            return None

    def _open_patiently(self, stop: Stop) -> _Opened | None:
        """Try until the store opens; None if we were asked to stop meanwhile."""
        try:
            return STORE_OPENING.call(self._open, stop, lambda setback: self._note_setback(setback.error))
        except StoreUnavailable:
            return None  # The policy gives up for no other reason than a stop.

    def _note_setback(self, error: BaseException) -> None:
        self.context.why_not_open = str(error)
        log.warning(
            "%s cannot open the pool store, and will try again: %s",
            self._front_end.name,
            error,
            extra={"event": "store.not_opened", "reason": str(error)},
        )

    def _open(self) -> _Opened:
        """Open store and content, claim our name, and note the homes. Leaves nothing open if it raises."""
        with ExitStack() as unwinding:
            store = timed_store(open_store(self._pool.store, self._pool.fqdn), self.context.telemetry.board)
            unwinding.callback(store.close)
            claim = store.claim_name(self._front_end.name)
            unwinding.callback(claim.release)
            self._declare_homes(store)
            content = ContentStore(self._pool.content)
            configurations = Configurations(store, Stream(CMS_HOME, CmsMaster.name))
            backup = BackupService(
                deployment=self._deployment,
                pool=self._pool,
                front_end=self._front_end,
                store=store,
                modules=self._modules,
                content=content,
                configurations=configurations,
            )
            backup.be_watched(self.context.telemetry.observer, self.context.telemetry.tracing)
            opened = OpenPool(
                store=store,
                commits=WatchedCommits(
                    FirstWrites(GatedCommits(CommitGroup(store), backup.gate), store), self.context.telemetry
                ),
                content=content,
                configurations=configurations,
                backup=backup,
            )
            return _Opened(opened, backup, unwinding.pop_all().close)

    def _declare_homes(self, store: Store) -> None:
        """Note who serves what in the first term; a pool that knows more already keeps what it knows."""
        for home, serving_pool in initial_homes(self._deployment, self._pool.fqdn):
            store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=serving_pool, mode=Mode.READ_WRITE))

    # ── threads ─────────────────────────────────────────────────────────────────────────────────────────────

    def _start_backup(self, backup: BackupService, stop: Stop) -> Callable[[], None]:
        """Start the backup service in a thread; return what stops it."""
        backup_stop = Stop()
        ended = self._on_end("the backup service", stop)

        def work() -> None:
            try:
                backup.run(backup_stop)
            except Exception:  # Whatever it was, another front end must be elected, so this one ends.
                log.exception("the backup service failed", extra={"event": "backup.failed"})
            finally:
                ended()

        thread = threading.Thread(target=work, name="backup", daemon=True)
        thread.start()

        def finish() -> None:
            backup_stop.request(stop.reason)
            thread.join(BACKUP_STOP_SECONDS)
            if thread.is_alive():
                log.warning("the backup service has not ended in time", extra={"event": "backup.slow_stop"})

        return finish

    def _start_watch(self) -> Callable[[], None]:
        """Start reading for those who scrape, and remembering for those who look; return what stops both."""
        stop = Stop()
        telling = threading.Thread(target=watch_of(self.context).run, args=(stop,), name="watch", daemon=True)
        remembering = threading.Thread(
            target=self.context.telemetry.chronicle.run, args=(stop, self.context.view), name="chronicle", daemon=True
        )
        telling.start()
        remembering.start()

        def finish() -> None:
            stop.request("the front end stops")
            telling.join(WATCH_STOP_SECONDS)
            remembering.join(WATCH_STOP_SECONDS)

        return finish

    def _on_end(self, part: str, stop: Stop) -> Callable[[], None]:
        """Return what a part calls when it ends: without having been asked to, it takes the process with it."""

        def ended() -> None:
            if not stop.requested:
                self._failure = f"{part} has ended by itself"
                stop.request(self._failure)

        return ended

    def _say(self, event: str, sentence: str, *values: object) -> None:
        extra = {"event": event, "pool": self._pool.fqdn, "front_end": self._front_end.name}
        log.info(f"{self._front_end.name} {sentence}", *values, extra=extra)  # noqa: G004 - a name of ours, no value
