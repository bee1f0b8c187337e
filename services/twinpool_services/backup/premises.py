"""What a worker works with; it outlives tenures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from twinpool.content.store import ContentStore
from twinpool.modules.registry import Modules
from twinpool.ports.broker import Link
from twinpool.ports.store import Store
from twinpool.stores.throw_away import throw_away_copy
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import PoolFqdn
from twinpool.wire import UNVOUCHED, Vouching
from twinpool_services.backup.configurations import Configurations
from twinpool_services.backup.failover.papers import Papers
from twinpool_services.backup.failover.rumours import Rumours
from twinpool_services.backup.observing import Observer, Observers
from twinpool_services.backup.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """The pool, its store, and everything else that front ends of it share."""

    deployment: Deployment
    pool: PoolFqdn
    store: Store
    modules: Modules
    content: ContentStore
    configurations: Configurations
    new_link: Callable[[], Link]
    vouching: Vouching = UNVOUCHED
    rumours: Rumours = field(default_factory=Rumours)
    observer: Observer = field(default_factory=Observers)
    tracing: Tracing | None = None  #: None: by the process's own provider; see `tracer`
    was_away: Callable[[], bool] = lambda: False  #: whether the pool has just come back and has to ask who serves

    def new_copy(self) -> AbstractContextManager[Store]:
        """Lend a throw-away copy of our store. Raises `CopyInUse`, `StoreUnavailable`."""
        return throw_away_copy(self.deployment.pool(self.pool).store, self.pool)

    @property
    def tracer(self) -> Tracing:
        """What makes the spans of this pool."""
        return self.tracing or Tracing(self.pool)

    @property
    def papers(self) -> Papers:
        """What failover keeps in the pool store."""
        return Papers(self.store)
