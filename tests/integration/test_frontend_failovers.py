"""Failovers, plans and standings over HTTP: asked for, looked at, refused. Nobody carries them out here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1, POOL2, POOL3, FrontEndInTest, deployment_in, front_end_on
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import FrontEndName, Home, Term

PROBLEM = "application/problem+json"
FAILOVERS = f"/v1/pools/{POOL2}/failovers"
PLAN = f"/v1/pools/{POOL2}/failover-plans/{POOL1}"
STANDING = f"/v1/pools/{POOL2}/homes/{POOL1}/standing"
REPLICATION = "/v1/cms/replication-status"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[FrontEndInTest]:
    """A front end of the pool that is to serve afterwards."""
    store = MemoryStore(POOL2)
    with front_end_on(store, deployment_in(tmp_path), pool=POOL2) as serving:
        yield serving
    store.close()


@pytest.fixture
def client(target: FrontEndInTest) -> httpx.Client:
    return target.client


def begin(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post(FAILOVERS, json={"Home": POOL1, **body})


def test_a_planned_failover_is_accepted_and_can_be_looked_at(client: httpx.Client) -> None:
    begun = begin(client, WaitTime=7.5, SkipDataVerification=True)

    assert begun.status_code == 202
    seen = client.get(begun.headers["Location"]).json()
    assert seen == begun.json()
    assert (seen["Home"], seen["SourcePoolFqdn"], seen["TargetPoolFqdn"], seen["Term"]) == (POOL1, POOL1, POOL2, 2)
    assert (seen["Step"], seen["Ended"], seen["CanAbort"], seen["DisasterMode"]) == ("requested", False, True, False)
    assert (seen["WaitTime"], seen["SkipDataVerification"], seen["PrepareOnly"]) == (7.5, True, False)
    assert [step["Step"] for step in seen["Steps"]] == ["requested"]
    standing = client.get(STANDING).json()
    assert (standing["PoolState"], standing["Failover"]["Failover"]) == ("FailingOver", seen["Failover"])


def test_one_operation_of_a_home_at_a_time(client: httpx.Client) -> None:
    first = begin(client).json()["Failover"]

    refused = begin(client)

    assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
    assert first in refused.json()["detail"]
    assert "twinpool failover status" in refused.json()["hint"]


def test_a_disaster_takes_the_token_of_a_plan_whose_facts_still_hold(target: FrontEndInTest) -> None:
    plan = target.client.get(PLAN).json()
    without, wrong = (
        begin(target.client, DisasterMode=True),
        begin(target.client, DisasterMode=True, PlanToken="0" * 32),
    )
    granted = begin(target.client, DisasterMode=True, PlanToken=plan["PlanToken"])

    assert [answer.status_code for answer in (without, wrong, granted)] == [409, 409, 202]
    assert without.json()["type"].endswith("plan-missing")
    assert wrong.json()["type"].endswith("plan-outdated")
    assert granted.json()["Plan"]["PlanToken"] == plan["PlanToken"]
    assert (plan["SourcePoolFqdn"], plan["TargetPoolFqdn"], plan["Term"]) == (POOL1, POOL2, 2)
    assert [row["Identity"] for row in plan["BackupModules"]] == ["ConfServices.DataConf", "UserServices.PresenceFocus"]
    assert {(row["MissingChanges"], row["Whole"]) for row in plan["BackupModules"]} == {(None, False)}


def test_a_plan_moves_nothing(client: httpx.Client) -> None:
    assert client.get(PLAN).json()["PlanToken"] == client.get(PLAN).json()["PlanToken"]
    assert client.get(FAILOVERS).json() == {"PoolFqdn": POOL2, "Failovers": [], "Next": None}
    assert client.get(STANDING).json()["PoolState"] == "Active"


def test_an_abort_is_noted_while_there_is_a_way_back(client: httpx.Client) -> None:
    operation = begin(client).headers["Location"]

    aborted = client.post(f"{operation}/abort", json={"Reason": "changed my mind"})

    assert aborted.status_code == 202
    assert client.post(f"{FAILOVERS}/nothing/abort", json={}).status_code == 404


def test_operations_are_listed_in_pages(client: httpx.Client) -> None:
    homes = [begin(client, Home=home).json()["Failover"] for home in (POOL1, "cms")]

    first = client.get(FAILOVERS, params={"limit": 1}).json()
    second = client.get(FAILOVERS, params={"limit": 1, "after": first["Next"]}).json()

    listed = [page["Failovers"][0]["Failover"] for page in (first, second)]
    assert (sorted(listed), second["Next"]) == (sorted(homes), None)
    of_cms = client.get(FAILOVERS, params={"home": "CMS"}).json()["Failovers"]
    assert [each["Home"] for each in of_cms] == ["cms"]
    assert client.get(FAILOVERS, params={"after": "nothing"}).status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"Home": "nowhere.lab"}, 404),
        ({"Home": POOL3}, 421),
        ({"Home": POOL2}, 409),
        ({"Home": POOL1, "WaitTime": 0}, 422),
        ({"Home": POOL1, "WaitTime": "soon"}, 422),
        ({"Home": POOL1, "Surprise": 1}, 422),
    ],
)
def test_what_cannot_be_failed_over_is_a_problem(client: httpx.Client, body: dict[str, object], status: int) -> None:
    refused = client.post(FAILOVERS, json=body)

    assert (refused.status_code, refused.headers["content-type"]) == (status, PROBLEM)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{FAILOVERS}/nothing", 404),
        (f"/v1/pools/{POOL1}/failovers", 421),
        (f"/v1/pools/{POOL2}/failover-plans/{POOL2}", 409),
        (f"/v1/pools/{POOL2}/homes/nowhere.lab/standing", 404),
        (f"/v1/pools/{POOL1}/homes/{POOL1}/standing", 421),
        (REPLICATION, 421),
    ],
)
def test_what_cannot_be_looked_at_is_a_problem(client: httpx.Client, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_a_pool_without_a_backup_pool_takes_nothing_over(tmp_path: Path) -> None:
    store = MemoryStore(POOL3)
    with front_end_on(store, deployment_in(tmp_path), pool=POOL3) as serving:
        refused = serving.client.post(f"/v1/pools/{POOL3}/failovers", json={"Home": "cms"})
    store.close()

    assert refused.status_code == 409
    assert "not one of the two pools" in refused.json()["detail"]


def test_a_standing_tells_the_terms_and_counts_orphans(target: FrontEndInTest) -> None:
    lease = target.store.acquire_lease(FrontEndName("fe2.lab"), timedelta(minutes=1))
    modules = [module.name for module in target.context.modules if not module.category.is_cms]
    target.store.take_over(Home(POOL1), modules, term=Term(2), generation=lease.generation)

    standing = target.client.get(STANDING).json()

    assert (standing["PoolState"], standing["Term"], standing["ServingPool"]) == ("FailedOver", 2, POOL2)
    assert {(each["Term"], each["ServingPool"]) for each in standing["History"]} == {(2, POOL2)}
    assert (standing["Orphans"], standing["UndecidedOrphans"], standing["Engagement"]) == (0, 0, None)


def test_each_pool_is_a_replica_of_the_cms(tmp_path: Path) -> None:
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        store.acquire_lease(FrontEndName("fe1.lab"), timedelta(minutes=1))
        serving.client.put("/v1/cms/documents/policy/x", content=b"{}")
        told = serving.client.get(REPLICATION).json()
    store.close()

    assert (told["ActiveMasterFqdn"], told["ServingPool"]) == ("fe1.lab", POOL1)
    rows = {row["ReplicaFqdn"]: row for row in told["Replicas"]}
    assert {fqdn: row["UpToDate"] for fqdn, row in rows.items()} == {POOL1: True, POOL2: False, POOL3: False}
    assert rows[POOL2]["LastStatusReport"] is None
    assert (rows[POOL1]["HeadPosition"], rows[POOL2]["HeadPosition"]) == (1, 1)
