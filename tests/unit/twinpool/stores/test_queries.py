from __future__ import annotations

import pytest

from twinpool.stores.queries import Dialect, queries, statements_of

#: Takes positions and record sets from counters in rows, for it has one writer at a time.
ONLY_SQLITE = {
    "first_lease",
    "move_head",
    "move_head_back",
    "new_record_set",
    "journal_mode",
    "note_pruned",
    "prunable",
    "record_in_set",
    "records_within",
    "synchronous",
    "scan_records_of_owner",
}

#: A copy of a database is made by hand; SQLite copies its file.
COPYING_POSTGRESQL = {
    "copies_of_this_database",
    "sequences",
    "set_sequence",
    "tables_to_copy",
    "this_database",
    "try_copy_lock",
    "unbound_setting",
}

#: Locks so that writers go on beside each other, looks for gaps in positions, and wakes and tells the time itself.
ONLY_POSTGRESQL = {
    "apply_batch",
    "breaks",
    "can_hash_rows",
    "examine",
    "claim_name",
    "digests_within",
    "extent",
    "hash_of_probe",
    "hold_import",
    "hold_imports",
    "hold_records",
    "hold_streams",
    "know_imports",
    "know_lease",
    "lock_sync_requests",
    "logged_behind_size",
    "notify",
    "now",
    "oldest_pending",
    "one_moment",
    "renumber_log",
    "route_standings",
    "row_hashes_within",
    "seize_home",
    "share_homes",
    "span_totals",
    "stream_standings",
    "take_positions_from",
    "take_transaction_id",
    "write_group",
    "write_stream",
}


def test_both_dialects_have_the_same_statements() -> None:
    sqlite, postgresql = set(queries("sqlite")), set(queries("postgresql"))
    assert sqlite - postgresql == ONLY_SQLITE
    assert postgresql - sqlite == ONLY_POSTGRESQL | COPYING_POSTGRESQL


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_statements_hold_no_description(dialect: Dialect) -> None:
    for name, statement in queries(dialect).items():
        assert not statement.startswith("--"), name
        assert statement.endswith(";"), name


def test_a_statement_is_read_with_its_name() -> None:
    text = "-- A file.\n\n-- one --\n-- What it does\nSELECT 1;\n\n-- two --\n-- More\n-- of it\nSELECT\n    2;\n"
    assert list(statements_of(text)) == [("one", "SELECT 1;"), ("two", "SELECT\n    2;")]


@pytest.mark.parametrize("text", ["SELECT 1;", "-- one --\nSELECT 1;", "-- one --\n-- What it does\nSELECT 1"])
def test_a_form_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"statement|SQL"):
        list(statements_of(text))
