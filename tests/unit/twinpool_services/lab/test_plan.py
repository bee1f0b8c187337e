from __future__ import annotations

from pathlib import Path

import pytest

from twinpool.errors import InvalidParameter
from twinpool.options import load_deployment
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool_services.lab.plan import LabPlan, StoreKind, deployment_text
from twinpool_services.lab.surroundings import Undisturbed


def loaded(plan: LabPlan, directory: Path) -> object:
    text = deployment_text(
        plan, 'amqp://user:pass%22word@127.0.0.1:5672/"', {name: f"sqlite:///{name}.db" for name in plan.pool_names}
    )
    path = directory / "twinpool.toml"
    path.write_text(text, encoding="utf-8")
    return load_deployment(path, environment={})


def test_the_deployment_file_says_what_was_planned(tmp_path: Path) -> None:
    plan = LabPlan(pools=3, front_ends=2)
    text = deployment_text(plan, "amqp://127.0.0.1/lab", {name: f"sqlite:///{name}.db" for name in plan.pool_names})
    (tmp_path / "twinpool.toml").write_text(text, encoding="utf-8")

    deployment = load_deployment(tmp_path / "twinpool.toml", environment={})

    assert [pool.fqdn for pool in deployment.pools] == ["pool1.lab", "pool2.lab", "pool3.lab"]
    assert [one.name for one in deployment.pool("pool2.lab").front_ends] == ["fe1.pool2.lab", "fe2.pool2.lab"]
    assert [tuple(pair) for pair in deployment.pairs] == [("pool1.lab", "pool2.lab")]
    assert deployment.cms_master == "pool1.lab"
    assert deployment.broker.url == "amqp://127.0.0.1/lab"
    assert deployment.unpaired == ("pool3.lab",)


def test_a_broker_url_with_quotes_cannot_break_the_file(tmp_path: Path) -> None:
    assert loaded(LabPlan(), tmp_path)


@pytest.mark.parametrize(("pools", "front_ends", "field"), [(0, 2, "pools"), (21, 2, "pools"), (2, 0, "front-ends")])
def test_a_lab_that_cannot_be_is_refused_by_name(pools: int, front_ends: int, field: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        LabPlan(pools=pools, front_ends=front_ends)

    assert refused.value.field == field


def test_a_plan_survives_being_noted() -> None:
    plan = LabPlan(pools=4, store=StoreKind.POSTGRESQL, broker_url="amqp://127.0.0.1/", heartbeat="00:00:02")

    assert LabPlan.of_plain(plan.to_plain()) == plan


def test_a_note_of_an_earlier_version_is_still_a_plan() -> None:
    plain = {"pools": 2, "front_ends": 1, "store": "sqlite", "broker_url": None, "lease_duration": "00:00:05"}

    assert LabPlan.of_plain(plain) == LabPlan(front_ends=1)


def test_a_broker_that_is_given_has_no_nodes_of_ours() -> None:
    with pytest.raises(InvalidParameter, match="given"):
        LabPlan(broker_url="amqp://127.0.0.1/", broker_nodes=3)


class Detour(Undisturbed):
    def broker_url(self, pool: PoolFqdn, url: str) -> str:
        return "amqp://detour/" if pool == "pool2.lab" else url

    def address(self, front_end: FrontEndName, listen: str) -> str | None:
        return f"http://{front_end}.detour:{listen.partition(':')[2]}"


def test_surroundings_lead_pools_another_way(tmp_path: Path) -> None:
    plan = LabPlan(front_ends=1, heartbeat="00:00:02", options={"partner_query_timeout": "00:00:03"})
    stores = {name: f"sqlite:///{name}.db" for name in plan.pool_names}
    path = tmp_path / "twinpool.toml"
    path.write_text(deployment_text(plan, "amqp://straight/", stores, Detour()), encoding="utf-8")

    deployment = load_deployment(path, environment={})

    assert [pool.broker_url for pool in deployment.pools] == ["amqp://straight/", "amqp://detour/"]
    (front_end,) = deployment.pools[0].front_ends
    assert front_end.address == f"http://fe1.pool1.lab.detour:{front_end.port}"
    assert deployment.broker.heartbeat.total_seconds() == 2
    assert deployment.partner_query_timeout.total_seconds() == 3
