from __future__ import annotations

from twinpool.brokers.quarantine import HEADERS, QUEUE, REASON, copy_for_quarantine
from twinpool.ports.broker import Delivery
from twinpool.vocabulary.names import PoolFqdn


def test_a_copy_fits_into_a_frame_however_long_what_it_tells_of_is() -> None:
    foreign = Delivery(
        queue="to.pool1.lab.control",
        content_type="x" * 5_000,
        headers={"long": "y" * 100_000},
        body=b"riddle",
        tag=1,
        epoch=1,
        redelivered=False,
    )

    copy = copy_for_quarantine(PoolFqdn("pool1.lab"), foreign, "z" * 100_000)

    assert copy.routing_key == "quarantine.pool1.lab"
    assert copy.body == b"riddle"
    assert copy.headers[QUEUE] == "to.pool1.lab.control"
    assert str(copy.headers[REASON]).startswith("zzz")
    assert str(copy.headers[HEADERS]).startswith("{'long': 'yyy")
    assert len(copy.content_type) + sum(len(str(value)) for value in copy.headers.values()) < 16_000
