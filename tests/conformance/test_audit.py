"""The audit log of every store: one chain, whoever appends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.conformance.backends import Stores
from tests.conformance.streams import POOL
from twinpool.ports.store import Store
from twinpool.vocabulary.audit import EMPTY, AuditCheck, AuditEvent, AuditHead, event_of, seal
from twinpool.vocabulary.names import Instant


def event(action: str) -> AuditEvent:
    return AuditEvent(
        at=Instant(1_000.5),
        front_end="fe1.lab",
        principal="ada",
        address="127.0.0.1",
        action=action,
        target="POST /v1",
        status=200,
        detail="\ud800 lone, \0 and ü",
    )


def test_a_new_log_is_empty(store: Store) -> None:
    assert store.audit_head() == EMPTY
    assert store.audit_entries(after=0, limit=10) == []


def test_each_entry_follows_the_one_before_it(store: Store) -> None:
    first = store.append_audit(event("first"))
    second = store.append_audit(event("second"))

    assert first == seal(event("first"), EMPTY)
    assert second == seal(event("second"), AuditHead(1, first.hash))
    assert store.audit_entries(after=0, limit=10) == [first, second]
    assert store.audit_head() == AuditHead(2, second.hash)


def test_entries_are_read_in_pages(store: Store) -> None:
    entries = [store.append_audit(event(f"action {n}")) for n in range(5)]

    assert store.audit_entries(after=0, limit=2) == entries[:2]
    assert store.audit_entries(after=2, limit=2) == entries[2:4]
    assert store.audit_entries(after=5, limit=2) == []


def test_what_is_kept_says_what_was_noted(store: Store) -> None:
    kept = event_of(store.append_audit(event("first")))

    assert kept["principal"] == "ada"
    assert kept["detail"] == "\ud800 lone, \0 and ü"


def test_front_ends_that_append_at_once_make_one_chain(stores: Stores) -> None:
    front_ends = [stores.open(POOL) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(front_ends[n % 4].append_audit, event(f"action {n}")) for n in range(80)]
        numbers = sorted(each.result().number for each in done)

    entries, check = front_ends[0].audit_entries(after=0, limit=1_000), AuditCheck()
    assert numbers == list(range(1, 81))
    assert len(entries) == 80
    assert check.take(entries) is None
    assert check.finish(front_ends[1].audit_head()) is None
