"""The files of compose/, as they stand: what holds for every one of them, and what they name in each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.containers import ContainerPlan

COMPOSE = Path(__file__).parents[3] / "compose"
LABS = ("pair", "two-pairs", "cluster")
OVERLAYS = ("observability", "lines")
END_BY_THEMSELVES_OR_WAIT = {"prepare", "cli"}  #: services that serve nobody

Document = dict[str, Any]


def read(path: str) -> Document:
    return dict(yaml.safe_load((COMPOSE / path).read_text(encoding="utf-8")))


def services() -> Iterator[tuple[str, str, Document]]:
    for file in (*LABS, *OVERLAYS):
        for name, service in read(f"{file}.yml")["services"].items():
            yield file, name, service


def test_every_image_is_named_by_a_variable_with_a_public_default() -> None:
    images = {service["image"] for _, _, service in services() if "image" in service}
    assert all(re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[a-z/]+:[a-z0-9.]+\}", image) for image in images), images
    assert len(images) == 5


def test_a_free_port_of_loopback_is_published_and_never_a_fixed_one() -> None:
    published = [port for _, _, service in services() for port in service.get("ports", [])]
    assert published
    assert all(re.fullmatch(r"127\.0\.0\.1::\d+", port) for port in published), published


def test_every_service_that_serves_somebody_has_a_health_check() -> None:
    without = {(file, name) for file, name, service in services() if "healthcheck" not in service}
    assert {name for _, name in without} <= END_BY_THEMSELVES_OR_WAIT


def test_no_service_has_a_capability_or_may_get_one() -> None:
    for file, name, service in services():
        if "image" in service:
            assert service["cap_drop"] == ["ALL"], (file, name)
            assert service["security_opt"] == ["no-new-privileges:true"], (file, name)


@pytest.mark.parametrize(
    ("file", "plan"),
    [("pair", ContainerPlan()), ("two-pairs", ContainerPlan(pools=4)), ("cluster", ContainerPlan(brokers=3))],
)
def test_a_lab_has_the_front_ends_and_brokers_that_are_prepared(file: str, plan: ContainerPlan) -> None:
    found = read(f"{file}.yml")["services"]
    front_ends = {service["hostname"] for name, service in found.items() if name.startswith("fe")}
    assert front_ends == {name for pool in plan.pool_names for name in plan.front_end_names(PoolFqdn(pool))}
    assert {name for name in found if name.startswith("rabbitmq")} == set(plan.broker_hosts)


def test_what_grafana_is_provisioned_with_lies_where_it_looks() -> None:
    grafana = read("observability.yml")["services"]["grafana"]
    mounted = dict(volume.split(":")[1::-1] for volume in grafana["volumes"] if volume.startswith("./"))
    (provider,) = read("grafana/provisioning/dashboards/twinpool.yml")["providers"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    boards = COMPOSE / mounted[provider["options"]["path"]]
    assert str(home.parent) == provider["options"]["path"]
    assert (boards / home.name).exists()
    assert (COMPOSE / mounted["/etc/grafana/provisioning"] / "datasources" / "prometheus.yml").exists()


def test_the_dashboards_find_a_data_source_of_their_kind() -> None:
    (source,) = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["isDefault"]
    for board in (COMPOSE / "grafana" / "dashboards").glob("*.json"):
        variables = json.loads(board.read_text(encoding="utf-8"))["templating"]["list"]
        wanted = [one["query"] for one in variables if one["type"] == "datasource"]
        assert wanted == [source["type"]]
    prometheus = read("observability.yml")["services"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in prometheus
