"""What is swept from the content store, and what is kept."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from twinpool.content.store import ContentStore
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.modules.registry import load_modules
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import (
    ORIGIN,
    Digest,
    FrontEndName,
    Generation,
    Home,
    Instant,
    ModuleName,
    PoolFqdn,
    Position,
    Stream,
    Term,
)
from twinpool.vocabulary.orphan import Decision, Verdict
from twinpool.vocabulary.session import SessionId
from twinpool.wire import encode_changes
from twinpool_services.backup.sweeping import sweep_content

POOL, OTHER = PoolFqdn("p1"), PoolFqdn("p2")
HOME = Home(POOL)
FILES = Stream(HOME, ModuleName("ConfServices.DataConf"))
LONG_AGO = 1_000_000_000


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore(POOL)
    store.declare_home(HomeStatus(home=HOME, term=Term(1), serving_pool=POOL, mode=Mode.READ_WRITE))
    return store


@pytest.fixture
def content(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path)


def kept(content: ContentStore, text: bytes) -> Digest:
    """Put content there, long ago."""
    with content.incoming() as incoming:
        incoming.write(text)
        digest = incoming.keep().digest
    os.utime(content.root / digest[:2] / digest, (LONG_AGO, LONG_AGO))
    return digest


def write(store: MemoryStore, name: str, digest: Digest | None) -> None:
    """Write the record of a file, or delete it."""
    entry = None
    if digest is not None:
        entry = encode_entry(FileEntry(digest=digest, size=1, content_type="text/plain", modified_at=Instant(0.0)))
    changes = (Change("weekly", name, entry),)
    (outcome,) = store.write([Transaction(stream=FILES, changes=changes, payload=encode_changes(changes))])
    assert isinstance(outcome, Committed)


def sweep(store: MemoryStore, content: ContentStore) -> int:
    return sweep_content(store, content, load_modules(), [FILES])


def test_what_nothing_names_goes(store: MemoryStore, content: ContentStore) -> None:
    named, other = kept(content, b"named"), kept(content, b"other")
    write(store, "slides", named)
    assert sweep(store, content) == 1
    assert (content.has(named), content.has(other)) == (True, False)


def test_what_a_change_names_that_may_still_be_sent_stays(store: MemoryStore, content: ContentStore) -> None:
    digest = kept(content, b"named")
    write(store, "slides", digest)
    write(store, "slides", None)
    assert sweep(store, content) == 0
    assert content.has(digest)


def test_what_an_orphan_names_stays_until_somebody_has_decided(store: MemoryStore, content: ContentStore) -> None:
    digest = kept(content, b"only here")
    write(store, "slides", digest)
    generation = store.acquire_lease(FrontEndName("fe1"), timedelta(hours=1)).generation
    begun = TermBeginning(home=HOME, module=FILES.module, term=Term(2), serving_pool=OTHER, position=ORIGIN)
    store.demote(HOME, [begun], serving_pool=OTHER, term=Term(2), generation=generation)
    (orphan,) = store.orphans()
    delete_by_the_serving_pool(store, "slides", generation)
    assert sweep(store, content) == 0
    store.decide(orphan.number, Verdict(decision=Decision.DISCARDED, by="somebody", at=Instant(0.0)))
    assert sweep(store, content) == 1
    assert not content.has(digest)


def delete_by_the_serving_pool(store: MemoryStore, name: str, generation: Generation) -> None:
    """Import that the record is no more."""
    session = SessionId(Term(2), Generation(1), 1)
    store.note_session(FILES, session, generation=generation)
    store.apply(
        FILES,
        [Change("weekly", name, None)],
        session=session,
        after=ORIGIN,
        upto=Position(1),
        generation=generation,
    )
    assert store.scan(FILES, after=None, limit=1) == []
