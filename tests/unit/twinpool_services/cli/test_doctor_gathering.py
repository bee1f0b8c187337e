from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.front_ends import POOL1, deployment_in
from twinpool_services.cli.doctor_gathering import _with_tls


def test_the_certificates_of_all_nodes_of_a_cluster_are_looked_at(tmp_path: Path) -> None:
    pool = deployment_in(tmp_path).pool(POOL1)
    secured = replace(
        pool,
        broker_url="amqps://one.lab:5671,two.lab:5672,three.lab/twin",
        front_ends=(replace(pool.front_ends[0], address="https://fe1.lab"),),
    )

    assert list(_with_tls(secured)) == [("fe1.lab", 443), ("one.lab", 5671), ("two.lab", 5672), ("three.lab", 5671)]
    assert list(_with_tls(pool)) == []
