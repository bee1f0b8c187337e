"""What the routes of one front end share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, ParamSpec, Protocol, TypeVar

from fastapi import Depends, Request

from twinpool.content.store import ContentStore
from twinpool.errors import HomeInDoubt, HomeNotServed, HomeReadOnly, NotFound, StoreUnavailable, TwinpoolError
from twinpool.modules.module import Module
from twinpool.modules.registry import Modules
from twinpool.ports.store import Store
from twinpool.security.pool_keys import load_pool_keys
from twinpool.stopping import Stop
from twinpool.vocabulary.audit import AuditEvent
from twinpool.vocabulary.change import Committed, Transaction
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import CMS_HOME, Home, PoolFqdn, Stream
from twinpool_services.backup import Configurations, WorkerView
from twinpool_services.frontend.access.doorkeeper import Doorkeeper
from twinpool_services.frontend.limits import Limits
from twinpool_services.telemetry import Telemetry

P = ParamSpec("P")
T = TypeVar("T")


class Commits(Protocol):
    """Commits transactions, those of many requests together; waits until they are durable."""

    def commit(self, transaction: Transaction) -> Committed:
        """Commit one. Raises what refused it."""

    def commit_all(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit some in their order, each by itself. Raises what kept the store from trying."""


class Activity(Protocol):
    """The backup service, as far as clients may know."""

    @property
    def active(self) -> bool:
        """Whether this process holds the lease."""

    def view(self) -> WorkerView | None:
        """Tell what the worker is at; None while this is not the active front end."""

    def doubt(self, home: Home, /) -> str:
        """Say why a home takes no writes although the pool store says that we serve it; empty if it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPool:
    """What there is once the pool store is open."""

    store: Store
    commits: Commits
    content: ContentStore
    configurations: Configurations
    backup: Activity


class Context:
    """One front end, as its routes see it. Used from the event loop alone, but for `opened`."""

    def __init__(
        self, *, deployment: Deployment, pool: Pool, front_end: FrontEnd, modules: Modules, limits: Limits
    ) -> None:
        """Begin with the store not yet open. Raises `InvalidConfiguration` if the principals or keys cannot be read."""
        self.deployment, self.pool, self.front_end = deployment, pool, front_end
        self.modules, self.limits = modules, limits
        self.why_not_open = "the pool store has not been opened yet"
        self.calls = 0  #: management calls being answered; see `calls`
        self.max_concurrent_calls = BackupServiceConfiguration().max_concurrent_calls
        self.configuring = asyncio.Lock()
        self.telemetry = Telemetry(pool.fqdn)
        self.version = version("twinpool")
        self.stopping = Stop()  #: asked for when the front end stops, before the server waits for what is under way
        self._open: OpenPool | None = None
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="request")
        self.keys = load_pool_keys(deployment, pool)
        self.doorkeeper = Doorkeeper(deployment.security, self._threads, pool.fqdn, self.keys.verify)

    def open(self, opened: OpenPool) -> None:
        """From now on the store answers."""
        self._open = opened

    @property
    def opened(self) -> OpenPool:
        """What there is once the store is open. Raises `StoreUnavailable` before that."""
        if self._open is None:
            raise StoreUnavailable(self.why_not_open)
        return self._open

    @property
    def store_state(self) -> str:
        """`open`, or why not."""
        return "open" if self._open else self.why_not_open

    @property
    def active(self) -> bool:
        """Whether this process holds the pool's lease."""
        return self._open is not None and self._open.backup.active

    def view(self) -> WorkerView | None:
        """Tell what the worker is at; None while this is not the active front end."""
        return self._open.backup.view() if self._open is not None else None

    def configured_calls(self) -> int:
        """Return how many management calls may be answered at the same time. May block."""
        return self.configuration().max_concurrent_calls

    def configuration(self) -> BackupServiceConfiguration:
        """Return the configuration of the backup service; the default one before the store is open. May block."""
        return self._open.configurations.current() if self._open else BackupServiceConfiguration()

    def close(self) -> None:
        """End the threads, once no request is under way."""
        self.stopping.request("the front end stops")
        self._threads.shutdown(wait=True, cancel_futures=True)

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────

    def module_of(self, home: Home, name: str) -> Module:
        """Return a module that has records of a home. Raises `NotFound`."""
        module = self.modules[name]
        if module.category.is_cms != (home == CMS_HOME):
            raise NotFound(f"{home} has no records of {module.name}")
        return module

    def home_of(self, name: str) -> Home:
        """Return a home of which this pool keeps the records. Raises `NotFound`, or `HomeNotServed` for others."""
        home = Home(name.lower())
        if home in (CMS_HOME, self.pool.fqdn, self.deployment.partner_of(self.pool.fqdn)):
            return home
        if self.addresses_of(home):
            raise HomeNotServed(home, home)
        raise NotFound(f"there is no home {name!r:.80}; homes are the pools' names, and {CMS_HOME}")

    def addresses_of(self, pool: str) -> Sequence[str]:
        """Return the base URLs of the front ends of a pool; none for a pool that we do not know."""
        return [
            front_end.address for other in self.deployment.pools if other.fqdn == pool for front_end in other.front_ends
        ]

    async def note(self, event: AuditEvent) -> None:
        """Append to the audit log of the pool. Raises `StoreUnavailable`."""
        await self.in_thread(self.opened.store.append_audit, event)

    # ── work ────────────────────────────────────────────────────────────────────────────────────────────────

    async def in_thread(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what may block in one of a bounded number of threads."""
        loop = asyncio.get_running_loop()
        # With its context, so that what is done there is of the request's trace.
        return await loop.run_in_executor(self._threads, copy_context().run, lambda: function(*args, **kwargs))

    async def require_writable(self, home: Home) -> None:
        """Refuse early what the store would refuse late. Raises `HomeNotServed`, `HomeReadOnly`."""
        if doubt := self.opened.backup.doubt(home):
            raise HomeInDoubt(home, doubt)
        status = await self.in_thread(status_of_home, self.opened.store, home)
        if status is None or status.serving_pool != self.pool.fqdn:
            raise HomeNotServed(home, status.serving_pool if status else None)
        if status.mode is Mode.READ_ONLY:
            raise HomeReadOnly(home)


def status_of_home(store: Store, home: Home) -> HomeStatus | None:
    """Return what the pool durably knows of a home, None if nothing."""
    return next((status for status in store.homes() if status.home == home), None)


SERVED_BY = "Twinpool-Served-By"


def served_by(store: Store, home: Home) -> dict[str, str]:
    """Return the header that goes with a read: the pool that serves the home, which ours may lag behind."""
    status = status_of_home(store, home)
    return {} if status is None else {SERVED_BY: status.serving_pool}


def own_pool(context: Context, fqdn: str) -> PoolFqdn:
    """Make sure that it is this pool that is asked for. Raises `NotFound`, or `HomeNotServed` naming the other pool."""
    if fqdn.lower() == context.pool.fqdn:
        return context.pool.fqdn
    other = context.deployment.pool(fqdn).fqdn
    raise HomeNotServed(other, other)


async def _context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Here = Annotated[Context, Depends(_context_of)]


@dataclass(frozen=True, slots=True)
class Place:
    """A stream that a path names, and its module."""

    stream: Stream
    module: Module


def place_of(context: Context, home: str, module: str) -> Place:
    """Return the stream of two names. Raises `NotFound`, or `HomeNotServed` for the home of another pair."""
    known = context.home_of(home)
    found = context.module_of(known, module)
    return Place(Stream(known, found.name), found)


async def _place(here: Here, home: str, module: str) -> Place:
    return place_of(here, home, module)


InStream = Annotated[Place, Depends(_place)]
