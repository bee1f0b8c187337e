from __future__ import annotations

from dataclasses import replace

import pytest

from twinpool.vocabulary.audit import EMPTY, AuditCheck, AuditEntry, AuditEvent, AuditFault, AuditHead, hash_of, seal
from twinpool.vocabulary.names import Instant


def log(length: int) -> tuple[list[AuditEntry], AuditHead]:
    head, entries = EMPTY, []
    for n in range(length):
        event = AuditEvent(
            at=Instant(n),
            front_end="fe1",
            principal="ada",
            address="::1",
            action="begin_failover",
            target="POST /",
            status=202,
            detail="",
        )
        entries.append(seal(event, head))
        head = AuditHead(entries[-1].number, entries[-1].hash)
    return entries, head


def fault_of(entries: list[AuditEntry], head: AuditHead) -> AuditFault | None:
    check = AuditCheck()
    return check.take(entries) or check.finish(head)


def test_a_log_as_it_was_written_has_no_fault() -> None:
    assert fault_of(*log(5)) is None
    assert fault_of(*log(0)) is None


@pytest.mark.parametrize("at", range(5))
def test_an_altered_entry_is_found_where_it_stands(at: int) -> None:
    entries, head = log(5)
    entries[at] = replace(entries[at], body=entries[at].body.replace(b"ada", b"eve"))

    found = fault_of(entries, head)

    assert found is not None
    assert found.number == at + 1
    assert "altered" in found.what


@pytest.mark.parametrize("at", range(5))
def test_an_entry_that_was_altered_together_with_its_hash_is_found_at_the_next(at: int) -> None:
    entries, head = log(5)
    before = entries[at - 1].hash if at else EMPTY.hash
    body = entries[at].body.replace(b"ada", b"eve")
    entries[at] = replace(entries[at], body=body, hash=hash_of(before, body))

    found = fault_of(entries, head)

    assert found is not None
    assert found.number == min(at + 2, 5)


@pytest.mark.parametrize("at", range(5))
def test_a_removed_entry_is_found_even_at_the_end(at: int) -> None:
    entries, head = log(5)
    del entries[at]

    found = fault_of(entries, head)

    assert found is not None
    assert found.number == at + 1
    assert "removed" in found.what


def test_an_entry_added_at_the_end_is_found() -> None:
    entries, _ = log(6)
    _, head = log(5)

    assert fault_of(entries, head) == AuditFault(6, "entry 6 was added behind the end")


def test_an_inserted_entry_is_found() -> None:
    entries, head = log(5)
    entries.insert(2, replace(entries[1], number=3))

    found = fault_of(entries, head)

    assert found is not None
    assert found.number == 3


def test_what_is_no_json_any_more_is_altered() -> None:
    entries, head = log(2)
    entries[0] = replace(entries[0], body=b"\xff")

    assert fault_of(entries, head) is not None
