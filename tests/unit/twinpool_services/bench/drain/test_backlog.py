"""The rows that every contender drains."""

from __future__ import annotations

from twinpool.vocabulary.change import Record
from twinpool_services.bench.drain.backlog import Backlog, content_of


def test_a_backlog_is_the_same_each_time_it_is_made() -> None:
    assert list(Backlog(500, 10).rows()) == list(Backlog(500, 10).rows())


def test_another_seed_makes_another_backlog() -> None:
    assert list(Backlog(500, 10).rows()) != list(Backlog(500, 10, seed=2).rows())


def test_three_in_five_changes_write_a_new_key_and_the_others_update_one_anywhere_among_them() -> None:
    rows = list(Backlog(1_000, 1).rows())
    seen: set[tuple[str, str]] = set()
    updates = [place for place, row in enumerate(rows) if row[:2] in seen or seen.add(row[:2])]  # type: ignore[func-returns-value] # add returns None

    assert len(rows) == 1_000
    assert len(seen) == 600
    assert updates[0] < 300
    assert rows != sorted(rows)


def test_values_have_the_size_asked_for_and_differ() -> None:
    values = [row.value for row in Backlog(100, 1, value_bytes=33).rows()]

    assert {len(value or b"") for value in values} == {33}
    assert len(set(values)) == 100


def test_transactions_hold_all_rows_in_order_the_last_may_be_smaller() -> None:
    backlog = Backlog(25, 10)
    transactions = list(backlog.transactions())

    assert [len(transaction) for transaction in transactions] == [10, 10, 5]
    assert [row for transaction in transactions for row in transaction] == list(backlog.rows())


def test_the_result_is_what_the_rows_come_to() -> None:
    backlog = Backlog(400, 7)
    held = {(row.owner, row.key): row.value or b"" for row in backlog.rows()}

    assert backlog.result() == content_of(Record(*key, value) for key, value in sorted(held.items()))
    assert backlog.result().records == backlog.distinct


def test_a_single_differing_byte_makes_another_content() -> None:
    records = [Record("a", "k", b"1"), Record("b", "k", b"2")]

    assert content_of(records) != content_of([records[0], Record("b", "k", b"3")])
    assert content_of(records) != content_of(records[:1])
    assert content_of(records) != content_of(reversed(records))
