from __future__ import annotations

import pytest

from twinpool.stores.queries import Dialect, queries, statements_of

#: Each has its own way of keeping writers in order, of locking and of waking.
ONLY_SQLITE: frozenset[str] = frozenset()
ONLY_POSTGRESQL: frozenset[str] = frozenset()


def test_both_dialects_have_the_same_statements() -> None:
    sqlite, postgresql = set(queries("sqlite")), set(queries("postgresql"))
    assert sqlite - postgresql == ONLY_SQLITE
    assert postgresql - sqlite == ONLY_POSTGRESQL


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
