"""Arrays that are put together here are what the server reads."""

from __future__ import annotations

import psycopg
import pytest

from tests.servers import postgresql_server
from twinpool.stores.postgresql.arrays import ByteaArray

pytestmark = pytest.mark.postgresql

ARRAYS = [[], [b""], [b"one"], [b"a", b"", b"\0\xff", b"long" * 100_000]]


def test_the_server_reads_the_items_that_were_given() -> None:
    with postgresql_server() as server, psycopg.connect(server.url(server.create())) as connection:
        for items in ARRAYS:
            row = connection.execute(b"SELECT %(items)b::bytea[]", {"items": ByteaArray.of(items)}).fetchone()
            assert row == (items,)
