"""What a pool tells of operations that bring homes to it, and of how it stands to a home. All of it blocks."""

from __future__ import annotations

from twinpool.failover.operation import Operation, Step
from twinpool.ports.store import Store
from twinpool.vocabulary.names import CMS_HOME, Home, PoolFqdn
from twinpool_services.backup import read_standing
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.failover_documents import FailoverDocument, StandingDocument
from twinpool_services.frontend.first_writes import first_write
from twinpool_services.frontend.pool_state import pool_state


def told_of(store: Store, operation: Operation) -> FailoverDocument:
    """Say how far it is; the first write of its term is ours to know only if we serve in it."""
    served = operation.step in {Step.SERVING, Step.DONE}
    return FailoverDocument.of(operation, first_write(store, operation.home, operation.term) if served else None)


def standing_of(here: Context, home: Home) -> StandingDocument:
    """Say who serves a home by what this pool durably knows, and what goes on about it."""
    store = here.opened.store
    standing = read_standing(store, here.deployment, home)
    belongs_to = here.deployment.cms_master if home == CMS_HOME else PoolFqdn(home)
    state = pool_state(standing.status, belongs_to, standing.operation, standing.engagement)
    orphans = (store.count_orphans(home), store.count_orphans(home, undecided=True))
    return StandingDocument.of(here.pool.fqdn, standing, state, orphans, store.now())
