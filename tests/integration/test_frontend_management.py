"""Status, configuration, relationship, forced synchronisation, health: what an operator asks a front end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1, POOL2, POOL3, FrontEndInTest, deployment_in, front_end_on
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import CMS_HOME, FrontEndName, Home, ModuleName, Stream

PROBLEM = "application/problem+json"
OURS = ["UserServices.PresenceFocus", "ConfServices.DataConf", "CentralMgmt.CMSMaster"]


@pytest.fixture
def front_end(tmp_path: Path) -> Iterator[FrontEndInTest]:
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        yield serving
    store.close()


@pytest.fixture
def client(front_end: FrontEndInTest) -> httpx.Client:
    return front_end.client


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a front end that several tests share, for none of them changes anything."""
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path_factory.mktemp("shared"))) as serving:
        yield serving.client
        assert not store.sync_requests(0)
        assert serving.client.get("/v1/cms/documents").json()["documents"] == []
    store.close()


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[FrontEndInTest]:
    """A front end of the other pool of the pair, which is not the CMS master."""
    store = MemoryStore(POOL2)
    with front_end_on(store, deployment_in(tmp_path), pool=POOL2) as serving:
        yield serving
    store.close()


def test_the_status_has_a_row_for_each_module(unharmed: httpx.Client) -> None:
    status = unharmed.get("/v1/pools/POOL1.lab/backup-status").json()

    assert (status["PoolFqdn"], status["BackupPoolFqdn"], status["ActiveMachineFqdn"]) == (POOL1, POOL2, None)
    assert status["OverallExportStatus"] == "NotInitialized"
    assert status["OverallImportStatus"] == "NormalState"
    assert status["AsOf"].endswith("Z")
    assert [row["Identity"] for row in status["BackupModules"]] == OURS
    assert status["BackupModules"][0].keys() == {
        "Identity",
        "ExportStatus",
        "ImportStatus",
        "Reason",
        "HeadPosition",
        "AcknowledgedPosition",
        "PendingChanges",
        "OldestPendingSeconds",
    }


def test_the_status_counts_what_is_pending_and_names_the_active_machine(front_end: FrontEndInTest) -> None:
    front_end.store.acquire_lease(FrontEndName("fe1.lab"), timedelta(minutes=1))
    front_end.client.put(f"/v1/homes/{POOL1}/modules/PresenceFocus/records/ada/k", content=b"v")

    status = front_end.client.get(f"/v1/pools/{POOL1}/backup-status").json()

    row = status["BackupModules"][0]
    assert status["ActiveMachineFqdn"] == "fe1.lab"
    assert (row["PendingChanges"], row["AcknowledgedPosition"]) == (1, 0)
    assert row["OldestPendingSeconds"] >= 0


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({"category": "UserData"}, OURS[:2]),
        ({"category": "CMS"}, OURS[2:]),
        ({"module": "dataconf"}, OURS[1:2]),
        ({"module": "CentralMgmt.CMSMaster"}, OURS[2:]),
        ({"module": "All", "category": "All"}, OURS),
    ],
)
def test_the_status_can_be_of_some_modules(unharmed: httpx.Client, parameters: dict[str, str], rows: list[str]) -> None:
    status = unharmed.get(f"/v1/pools/{POOL1}/backup-status", params=parameters).json()

    assert [row["Identity"] for row in status["BackupModules"]] == rows


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/v1/pools/{POOL1}/backup-status?module=Nothing", 404),
        (f"/v1/pools/{POOL1}/backup-status?category=Nothing", 422),
        ("/v1/pools/nowhere.lab/backup-status", 404),
        ("/v1/pools/%00/backup-status", 404),
        ("/v1/pools/nowhere.lab/backup-relationship", 404),
    ],
)
def test_what_the_status_cannot_be_of_is_a_problem(unharmed: httpx.Client, path: str, status: int) -> None:
    answer = unharmed.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


def test_another_pools_status_is_to_be_had_from_that_pool(unharmed: httpx.Client) -> None:
    answer = unharmed.get(f"/v1/pools/{POOL2}/backup-status")

    assert answer.status_code == 421
    assert answer.json()["serving_pool"] == POOL2
    assert answer.json()["serving_addresses"] == ["http://127.0.0.2:8002"]


def test_a_pool_that_is_not_the_cms_master_does_not_export_the_cms(partner: FrontEndInTest) -> None:
    status = partner.client.get(f"/v1/pools/{POOL2}/backup-status", params={"category": "CMS"}).json()

    assert status["BackupModules"][0]["ExportStatus"] == "NotInitialized"


def test_the_relationship_of_any_pool_is_known(unharmed: httpx.Client) -> None:
    assert unharmed.get(f"/v1/pools/{POOL2}/backup-relationship").json() == {"PoolFqdn": POOL2, "BackupPoolFqdn": POOL1}
    assert unharmed.get(f"/v1/pools/{POOL3}/backup-relationship").json() == {"PoolFqdn": POOL3, "BackupPoolFqdn": None}


def test_the_configuration_begins_with_the_defaults(unharmed: httpx.Client) -> None:
    configuration = unharmed.get("/v1/backup-configuration").json()

    assert configuration["Identity"] == "Global"
    assert configuration["SyncInterval"] == "00:02:00"


def test_a_change_of_the_configuration_is_seen_at_once_and_lies_in_the_cms(client: httpx.Client) -> None:
    changed = client.patch("/v1/backup-configuration", json={"SyncInterval": "00:03:00"})
    client.patch("/v1/backup-configuration", json={"Window": 4})

    assert (changed.status_code, changed.json()["SyncInterval"]) == (200, "00:03:00")
    assert client.get("/v1/backup-configuration").json()["SyncInterval"] == "00:03:00"
    document = client.get("/v1/cms/documents/configuration/BackupService/Global").json()
    assert (document["SyncInterval"], document["Window"]) == ("00:03:00", 4)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"SyncInterval": "00:00:04"}, "SyncInterval"),
        ({"SyncInterval": "03:00:01"}, "SyncInterval"),
        ({"SyncInterval": 3}, "SyncInterval"),
        ({"MaxConcurrentCalls": 0}, "MaxConcurrentCalls"),
        ({"Nothing": 1}, "Nothing"),
        ({"self": 1}, "self"),
    ],
)
def test_a_setting_out_of_range_is_named_and_nothing_changes(
    unharmed: httpx.Client, settings: dict[str, object], field: str
) -> None:
    answer = unharmed.patch("/v1/backup-configuration", json=settings | {"Window": 4})

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert unharmed.get("/v1/backup-configuration").json()["Window"] == 8


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"3", b"\xff"])
def test_a_body_that_is_no_object_is_refused(unharmed: httpx.Client, body: bytes) -> None:
    answer = unharmed.patch("/v1/backup-configuration", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


def test_the_configuration_is_written_at_the_cms_master_alone(partner: FrontEndInTest) -> None:
    answer = partner.client.patch("/v1/backup-configuration", json={"Window": 4})

    assert (answer.status_code, answer.json()["serving_pool"]) == (421, POOL1)


def test_a_sync_is_noted_for_each_stream_that_the_pool_exports(front_end: FrontEndInTest) -> None:
    answer = front_end.client.post(f"/v1/pools/{POOL1}/sync", json={"BackupModule": "All"})
    front_end.client.post(f"/v1/pools/{POOL1}/sync", json={"BackupModule": "dataconf", "Full": True})

    assert answer.status_code == 202
    assert answer.json()["BackupModules"] == sorted(OURS)
    noted = [(stream, full) for _, stream, full in front_end.store.sync_requests(0)]
    assert set(noted[:3]) == {
        *((Stream(Home(POOL1), ModuleName(name)), False) for name in OURS[:2]),
        (Stream(CMS_HOME, ModuleName(OURS[2])), False),
    }
    assert noted[3:] == [(Stream(Home(POOL1), ModuleName(OURS[1])), True)]


def test_a_pool_that_is_not_the_cms_master_syncs_all_but_the_cms(partner: FrontEndInTest) -> None:
    everything = partner.client.post(f"/v1/pools/{POOL2}/sync", json={})
    cms = partner.client.post(f"/v1/pools/{POOL2}/sync", json={"BackupModule": "CMSMaster"})

    assert everything.json()["BackupModules"] == sorted(OURS[:2])
    assert (cms.status_code, cms.json()["serving_pool"]) == (421, POOL1)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"/v1/pools/{POOL1}/sync", {"BackupModule": "Nothing"}, 404),
        (f"/v1/pools/{POOL1}/sync", {"Surprise": 1}, 422),
        (f"/v1/pools/{POOL1}/sync", {"Full": "perhaps"}, 422),
        (f"/v1/pools/{POOL2}/sync", {}, 421),
        ("/v1/pools/nowhere.lab/sync", {}, 404),
    ],
)
def test_a_sync_that_cannot_be_is_a_problem(
    unharmed: httpx.Client, path: str, body: dict[str, object], status: int
) -> None:
    assert unharmed.post(path, json=body).status_code == status


def test_cms_documents_are_json_and_listed(client: httpx.Client) -> None:
    created = client.put("/v1/cms/documents/policy/Global/voice", content=b'{"a": 1}')
    client.put("/v1/cms/documents/topology/main", content=b"[]")

    assert created.status_code == 201
    assert client.get("/v1/cms/documents/policy/Global/voice").json() == {"a": 1}
    assert client.get("/v1/cms/documents", params={"kind": "policy"}).json() == {
        "documents": [{"kind": "policy", "name": "Global/voice"}],
        "next": None,
    }
    assert client.delete("/v1/cms/documents/topology/main").status_code == 200
    assert client.get("/v1/cms/documents/topology/main").status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b"[" * 100_000])
def test_a_cms_document_that_is_no_json_is_refused(unharmed: httpx.Client, body: bytes) -> None:
    answer = unharmed.put("/v1/cms/documents/policy/x", content=body)

    assert (answer.status_code, answer.json()["field"]) == (422, "value")


def test_cms_documents_are_written_at_the_cms_master_and_read_everywhere(partner: FrontEndInTest) -> None:
    answer = partner.client.put("/v1/cms/documents/policy/x", content=b"{}")

    assert (answer.status_code, answer.json()["serving_pool"]) == (421, POOL1)
    assert partner.client.get("/v1/cms/documents").headers["Twinpool-Served-By"] == POOL1


def test_a_front_end_says_who_it_is(front_end: FrontEndInTest) -> None:
    front_end.store.acquire_lease(FrontEndName("fe9.lab"), timedelta(minutes=1))

    answer = front_end.client.get("/v1/front-end").json()

    assert (answer["PoolFqdn"], answer["FrontEnd"], answer["Active"]) == (POOL1, "fe1.lab", False)
    assert (answer["Lease"]["Holder"], answer["Lease"]["Generation"]) == ("fe9.lab", 1)


def test_the_homes_that_a_pool_knows_are_listed(unharmed: httpx.Client) -> None:
    homes = unharmed.get("/v1/homes").json()["Homes"]

    assert {home["Home"]: (home["ServingPool"], home["Term"], home["Mode"]) for home in homes} == {
        "cms": (POOL1, 1, "read-write"),
        POOL1: (POOL1, 1, "read-write"),
        POOL2: (POOL2, 1, "read-write"),
    }


def test_a_front_end_whose_store_answers_is_alive_and_ready(unharmed: httpx.Client) -> None:
    assert unharmed.get("/livez").json() == {"Alive": True, "Store": "open"}
    ready = unharmed.get("/readyz")
    assert (ready.status_code, ready.json()["Ready"]) == (200, True)
    assert not ready.json()["Checks"]["election"]["Ok"]


def test_the_openapi_document_describes_every_operation(unharmed: httpx.Client) -> None:
    document = unharmed.get("/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations) == 56
    for path, _, operation in operations:
        assert operation.get("summary")
        named = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
        assert named == {part[1:-1].removesuffix(":path") for part in path.split("/") if part.startswith("{")}
    text = json.dumps(document)
    for reference in set(text.split('"#/components/schemas/')[1:]):
        assert reference.split('"')[0] in document["components"]["schemas"]


def test_the_reference_names_every_operation(unharmed: httpx.Client) -> None:
    reference = Path(__file__).parents[2] / "docs" / "reference" / "http.md"
    described = set(re.findall(r"^\| `([A-Z]+ /[^`]*)`", reference.read_text(), re.MULTILINE))

    paths = unharmed.get("/openapi.json").json()["paths"]

    known = {
        f"{method.upper()} {path.replace(':path', '')}" for path, operations in paths.items() for method in operations
    }
    assert described == known
