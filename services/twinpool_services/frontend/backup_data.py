"""What a pool keeps of homes with which it has nothing to do any more: those of former backup pools.

It stays until somebody removes it, for it may be the last copy. What is known of their terms stays for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from twinpool.errors import LeaseLost, Refused, Transient
from twinpool.ports.store import Store
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import CMS_HOME, ORIGIN, Generation, Stream
from twinpool.vocabulary.session import SessionId
from twinpool_services.backup import paired_homes
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.documents import BackupDataDocument, BackupDataPage
from twinpool_services.frontend.paging import names_token, read_names


class StillServed(Refused):
    """This pool serves the home: what it has is no copy."""

    hint = "Fail the home back while the pools are still paired, or export its user data and import it elsewhere."


def kept(here: Context, after: str | None, limit: int) -> BackupDataPage:
    """Say what there is, a page at a time. Raises `StoreUnavailable`, `InvalidParameter`."""
    store, begin = here.opened.store, read_names(after, 2)
    held = (
        (home, stream)
        for home, stream in sorted(_left(here), key=_names)
        if _names((home, stream)) > begin and _holds(store, stream)
    )
    found = list(islice(held, limit + 1))
    return BackupDataPage(
        pool_fqdn=here.pool.fqdn,
        backup_data=[_told(store, home, stream) for home, stream in found[:limit]],
        next=names_token(*_names(found[limit - 1])) if len(found) > limit else None,
    )


def remove(here: Context) -> BackupDataPage:
    """Remove it, each stream in one transaction; return what there was.

    Raises `StillServed` before anything is removed, and `Transient` while no front end of the pool is active.
    """
    store = here.opened.store
    for home, _ in _left(here):
        if home.serving_pool == here.pool.fqdn:
            raise StillServed(f"{here.pool.fqdn} serves {home.home}: its data here is no backup")
    held = [(home, stream) for home, stream in _left(here) if _holds(store, stream)]
    found = [_told(store, home, stream) for home, stream in held]
    lease = store.current_lease()
    if lease is None:
        raise Transient(f"no front end of {here.pool.fqdn} is the active one; try again in a moment")
    try:
        for _, stream in held:
            _forget(store, stream, lease.generation)
    except LeaseLost as error:
        raise Transient("the active front end has just changed; try again") from error
    return BackupDataPage(pool_fqdn=here.pool.fqdn, backup_data=found)


def _names(left: tuple[HomeStatus, Stream]) -> tuple[str, ...]:
    return left[1].home, left[1].module


def _told(store: Store, home: HomeStatus, stream: Stream) -> BackupDataDocument:
    return BackupDataDocument(
        home=stream.home,
        backup_module=stream.module,
        records=store.record_count(stream),
        serving_pool=home.serving_pool,
    )


def _left(here: Context) -> Iterator[tuple[HomeStatus, Stream]]:
    homes = here.opened.store.homes()
    ours = {status.home for status in paired_homes(here.deployment, here.pool.fqdn, homes)}
    for home in homes:
        if home.home not in ours and home.home != CMS_HOME:
            for module in here.modules:
                if not module.category.is_cms:
                    yield home, Stream(home.home, module.name)


def _holds(store: Store, stream: Stream) -> bool:
    progress = store.import_progress(stream)
    fed = progress.cursor is not None and progress.cursor.position > ORIGIN
    return fed or progress.staging is not None or store.record_count(stream) > 0


def _forget(store: Store, stream: Stream, generation: Generation) -> None:
    """Begin the stream anew, as its importer would; a pool that is paired again with ours begins with everything."""
    noted = store.import_progress(stream).session
    session = SessionId(noted.term, noted.generation, noted.number + 1)
    store.note_session(stream, session, generation=generation)
    store.begin(stream, session=session, generation=generation)
