"""Records handed over as one value come out of the database as they went in."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from twinpool.stores.sqlite.net_effect import Effect, bring_about, parcels_of
from twinpool.stores.sqlite.statements import SQL

SET, OTHER_SET = 7, 8

RECORD = "CREATE TABLE record (set_id, owner TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (set_id, owner, key))"
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
PLACES = st.tuples(NAMES, NAMES)
EFFECTS = st.dictionaries(PLACES, st.none() | st.binary(max_size=20), max_size=12)


def brought_about(*effects: Effect) -> Effect:
    """Return what a set holds."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(RECORD)
        for effect in effects:
            bring_about(connection, SET, parcels_of(effect))
        rows = connection.execute("SELECT owner, key, value FROM record WHERE set_id = ?", (SET,)).fetchall()
    return {(owner, key): value for owner, key, value in rows}


@given(EFFECTS)
def test_what_is_put_is_there_byte_by_byte(effect: Effect) -> None:
    assert brought_about(effect) == {place: value for place, value in effect.items() if value is not None}


@given(EFFECTS, EFFECTS)
def test_what_is_put_again_is_replaced_and_what_is_deleted_is_gone(first: Effect, second: Effect) -> None:
    left = {place: value for place, value in (first | second).items() if value is not None}

    assert brought_about(first, second) == left


def test_a_record_of_nothing_but_empty_parts_is_a_record() -> None:
    assert brought_about({("", ""): b""}) == {("", ""): b""}


def test_records_of_another_set_stay() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(RECORD)
        for set_id in (SET, OTHER_SET):
            bring_about(connection, set_id, parcels_of({("o", "k"): b"v"}))
        bring_about(connection, SET, parcels_of({("o", "k"): None}))

        assert connection.execute("SELECT set_id FROM record").fetchall() == [(OTHER_SET,)]


def test_a_parcel_is_one_row_to_the_driver() -> None:
    """Or else a thread that applies would wait for the interpreter's lock as often as there are records."""
    assert not [name for name in ("put_records", "delete_records") if "?" in SQL[name]]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(RECORD)
        said: list[str] = []
        connection.set_trace_callback(said.append)
        bring_about(connection, SET, parcels_of({("o", f"{number}"): b"v" for number in range(1_000)}))

        assert len([statement for statement in said if statement.startswith("WITH")]) == 1
