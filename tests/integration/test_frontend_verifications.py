"""Verifications over HTTP: asked for, looked at, refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1, POOL2, POOL3, deployment_in, front_end_on
from twinpool.stores.memory import MemoryStore
from twinpool.verification.document import Progress, document_name, write_verification
from twinpool_services.backup import find_verification

PROBLEM = "application/problem+json"
VERIFICATIONS = f"/v1/pools/{POOL1}/verifications"


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with closing(MemoryStore(POOL1)) as opened:
        yield opened


@pytest.fixture
def client(store: MemoryStore, tmp_path: Path) -> Iterator[httpx.Client]:
    with front_end_on(store, deployment_in(tmp_path)) as serving:
        yield serving.client


def test_a_verification_is_accepted_and_can_be_looked_at(client: httpx.Client) -> None:
    begun = client.post(VERIFICATIONS, json={"BackupModule": "PresenceFocus", "ResyncSignatureMismatchItems": True})

    assert begun.status_code == 202
    seen = client.get(begun.headers["Location"])
    assert seen.json() == begun.json()
    assert (seen.json()["PoolFqdn"], seen.json()["BackupPoolFqdn"]) == (POOL1, POOL2)
    assert (seen.json()["Progress"], seen.json()["Clean"]) == ("Requested", False)
    assert seen.json()["ResyncSignatureMismatchItems"] is True
    assert [(row["Home"], row["Identity"]) for row in seen.json()["BackupModules"]] == [
        (POOL1, "UserServices.PresenceFocus")
    ]


def test_verifications_are_listed_newest_first_in_pages(client: httpx.Client, store: MemoryStore) -> None:
    names = []
    for _ in range(3):
        names.append(client.post(VERIFICATIONS, json={"BackupModule": "PresenceFocus"}).json()["Verification"])
        abandon(store, names[-1])

    first = client.get(VERIFICATIONS, params={"limit": 2}).json()
    rest = client.get(VERIFICATIONS, params={"limit": 2, "after": first["Next"]}).json()

    assert [row["Verification"] for row in (*first["Verifications"], *rest["Verifications"])] == names[::-1]
    assert rest["Next"] is None
    assert "Differences" not in first["Verifications"][0]
    assert client.get(VERIFICATIONS, params={"after": "nothing"}).status_code == 422


def abandon(store: MemoryStore, identity: str) -> None:
    """Let a verification end, so that another one may be asked for."""
    found = find_verification(store, identity)
    ended = replace(found, progress=Progress.FAILED, ended_at=store.now())
    store.save_operation(document_name(identity), write_verification(ended), generation=None)


def test_one_verification_at_a_time(client: httpx.Client) -> None:
    client.post(VERIFICATIONS, json={})

    refused = client.post(VERIFICATIONS, json={})

    assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
    assert "under way" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"BackupModule": "Nothing"}, 404),
        ({"Full": True}, 422),
        ({"ResyncSignatureMismatchItems": "perhaps"}, 422),
    ],
)
def test_what_cannot_be_verified_is_a_problem(client: httpx.Client, body: dict[str, object], status: int) -> None:
    refused = client.post(VERIFICATIONS, json=body)

    assert (refused.status_code, refused.headers["content-type"]) == (status, PROBLEM)


def test_an_unknown_verification_is_not_found(client: httpx.Client) -> None:
    assert client.get(f"{VERIFICATIONS}/nothing").status_code == 404


def test_another_pool_is_asked_itself(client: httpx.Client) -> None:
    assert client.post(f"/v1/pools/{POOL2}/verifications", json={}).status_code == 421


def test_a_pool_without_a_backup_pool_is_refused(tmp_path: Path) -> None:
    store = MemoryStore(POOL3)
    with front_end_on(store, deployment_in(tmp_path), pool=POOL3) as serving:
        refused = serving.client.post(f"/v1/pools/{POOL3}/verifications", json={})
    store.close()

    assert refused.status_code == 409
    assert "no backup pool" in refused.json()["detail"]


def test_the_cms_is_verified_where_it_is_served(tmp_path: Path) -> None:
    store = MemoryStore(POOL2)
    with front_end_on(store, deployment_in(tmp_path), pool=POOL2) as serving:
        refused = serving.client.post(f"/v1/pools/{POOL2}/verifications", json={"BackupModule": "CMSMaster"})
    store.close()

    assert (refused.status_code, refused.json()["serving_pool"]) == (421, POOL1)
