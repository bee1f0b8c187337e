"""compose/cluster.yml: a broker of three nodes and a PostgreSQL for each pool, watched by Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compose.conftest import OpenLab
from tests.compose.lab import P1, P2, ComposeLab, service_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

PROMETHEUS = "http://prometheus:9090/api/v1"
NODES = ("rabbitmq1", "rabbitmq2", "rabbitmq3")


@pytest.fixture(scope="module")
def lab(open_lab: OpenLab) -> Iterator[ComposeLab]:
    with open_lab("cluster", "observability", generation="v2") as running:
        yield running


def ask_prometheus(lab: ComposeLab, path: str) -> Any:
    found = lab.ask("get", f"{PROMETHEUS}/{path}")
    return {} if found is None else found["data"]


def up(lab: ComposeLab) -> dict[str, str]:
    """Say of each target whether Prometheus reaches it."""
    targets = ask_prometheus(lab, "targets?state=active").get("activeTargets", [])
    return {one["labels"]["instance"]: one["health"] for one in targets}


def test_prometheus_watches_every_front_end_and_every_node_of_the_broker_by_our_rules(lab: ComposeLab) -> None:
    wanted = {f"fe{number}.{pool}:8080" for pool in (P1, P2) for number in (1, 2)} | {f"{one}:15692" for one in NODES}

    def all_up() -> bool:
        seen = up(lab)
        return set(seen) == wanted and set(seen.values()) == {"up"}

    lab.eventually(all_up, "Prometheus reaches all targets")
    rules = [rule for group in ask_prometheus(lab, "rules")["groups"] for rule in group["rules"]]
    assert {"TwinpoolFrontEndDown", "TwinpoolNoActiveFrontEnd"} <= {rule["name"] for rule in rules}
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}

    def both_final() -> bool:
        path = 'query?query=max by (pool) (twinpool_export_state{state="FinalState"}) == 1'
        return {one["metric"]["pool"] for one in ask_prometheus(lab, path)["result"]} == {P1, P2}

    lab.eventually(both_final, "Prometheus sees FinalState of both pools")
    lab.eventually(lambda: lab.health("prometheus") == "healthy", "Prometheus is healthy")


def test_nothing_is_lost_when_a_node_of_the_broker_is_killed_under_load(lab: ComposeLab) -> None:
    with lab.load(P1, P2):
        lab.kill("rabbitmq1")
        lab.more(80)
        lab.start("rabbitmq1")
    lab.verdict()

    def whole() -> bool:
        shown = lab.execute("rabbitmq2", "rabbitmqctl", "--quiet", "cluster_status", "--formatter", "json")
        return set(json.loads(shown)["running_nodes"]) == {f"rabbit@{node}" for node in NODES}

    lab.eventually(whole, "the node is back in its cluster")


def test_nothing_is_lost_when_a_pool_loses_its_postgresql_and_its_active_front_end(lab: ComposeLab) -> None:
    with lab.load(P1, P2):
        killed = lab.active(P1)
        lab.kill("postgres-pool1", service_of(killed))
        lab.eventually(lambda: up(lab)[f"{killed}:8080"] == "down", "Prometheus misses the front end")
        lab.start("postgres-pool1", service_of(killed))
        lab.await_ready(killed)
    lab.verdict()
