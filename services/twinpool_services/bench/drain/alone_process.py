"""The process of `store-alone`: reads all batches of a source store, and applies them to another at `go`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta

from twinpool.interpreter import tune_the_interpreter
from twinpool.logs import configure_logging
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.ports.store import ChangeLog, Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import ChangeSet
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.names import ORIGIN, FrontEndName, Generation, Position, Term
from twinpool.vocabulary.session import SessionId
from twinpool.wire import decode_all
from twinpool_services.bench.bench_pools import PARTNER, SOURCE, STREAM
from twinpool_services.bench.child_side import hear, say

MODULE = "twinpool_services.bench.drain.alone_process"
LEASE = timedelta(hours=12)  #: no election while we measure

_MODULE = PresenceFocus()


def main() -> None:
    """Do what we are told."""
    configure_logging(level="WARNING")
    places = hear()
    with closing(open_store(places["captured"], SOURCE)) as source:
        batches = list(_batches(source))
    with closing(open_store(places["store"], PARTNER)) as store:
        generation = store.acquire_lease(FrontEndName("fe1.partner.bench"), LEASE).generation
        session = SessionId(Term(1), generation, 1)
        store.note_session(STREAM, session, generation=generation)
        store.begin(STREAM, session=session, generation=generation)
        tune_the_interpreter()
        say("ready")
        while hear():
            _apply_all(store, batches, session, generation)
            say("done")


def _batches(log: ChangeLog) -> Iterator[Sequence[ChangeSet]]:
    """Read as an exporter does, by the limits that it has by default."""
    limits = BackupServiceConfiguration()
    after = ORIGIN
    while batch := _MODULE.collect(
        log, STREAM, after=after, max_changes=limits.max_changes_per_batch, max_bytes=limits.max_batch_bytes
    ):
        yield batch
        after = batch[-1].position


def _apply_all(
    store: Store, batches: Sequence[Sequence[ChangeSet]], session: SessionId, generation: Generation
) -> None:
    """Decode and apply, as an importer does."""
    after: Position = ORIGIN
    for batch in batches:
        upto = batch[-1].position
        changes = decode_all(change_set.payload for change_set in batch)
        _MODULE.apply(store.apply, STREAM, changes, session=session, after=after, upto=upto, generation=generation)
        after = upto


if __name__ == "__main__":
    main()
