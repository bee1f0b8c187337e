"""Records and transactions over HTTP, as a client sees them."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from twinpool.errors import TwinpoolError
from twinpool.stores.memory import MemoryStore
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Committed, Transaction

STREAM = f"/v1/homes/{POOL1}/modules/UserServices.PresenceFocus"
PROBLEM = "application/problem+json"


@pytest.fixture(params=["memory", "sqlite"])
def front_end(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FrontEndInTest]:
    deployment = deployment_in(tmp_path)
    store = MemoryStore(POOL1) if request.param == "memory" else open_store(deployment.pool(POOL1).store, POOL1)
    with front_end_on(store, deployment) as serving:
        yield serving
    store.close()


@pytest.fixture
def client(front_end: FrontEndInTest) -> httpx.Client:
    return front_end.client


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def unharmed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a front end that several tests share, for none of them gets anything into it."""
    deployment = deployment_in(tmp_path_factory.mktemp("shared"))
    store = MemoryStore(POOL1) if request.param == "memory" else open_store(deployment.pool(POOL1).store, POOL1)
    with front_end_on(store, deployment) as serving:
        yield serving.client
        assert serving.client.get(f"{STREAM}/count").json() == {"count": 0}
    store.close()


def put(client: httpx.Client, owner: str, key: str, value: bytes) -> httpx.Response:
    return client.put(f"{STREAM}/records/{owner}/{key}", content=value)


def test_what_was_put_can_be_read_by_full_and_short_name_of_the_module(client: httpx.Client) -> None:
    put(client, "sip:ada@example.com", "contacts/1", b"\x00\xffbytes")

    for module in ("UserServices.PresenceFocus", "presencefocus"):
        answer = client.get(f"/v1/homes/{POOL1}/modules/{module}/records/sip:ada@example.com/contacts/1")
        assert (answer.status_code, answer.content) == (200, b"\x00\xffbytes")
        assert answer.headers["Twinpool-Served-By"] == POOL1


def test_a_put_says_position_and_term_and_whether_there_was_a_record(client: httpx.Client) -> None:
    first, second = put(client, "ada", "k", b"1"), put(client, "ada", "k", b"2")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json().keys() == {"Position", "Term", "CommittedAt"}
    assert first.json()["Term"] == 1
    assert second.json()["Position"] > first.json()["Position"]


def test_a_delete_is_the_same_done_once_or_twice(client: httpx.Client) -> None:
    put(client, "ada", "k", b"1")

    for _ in range(2):
        answer = client.delete(f"{STREAM}/records/ada/k")
        assert (answer.status_code, answer.json()["Term"]) == (200, 1)
    assert client.get(f"{STREAM}/records/ada/k").status_code == 404


@pytest.mark.parametrize(
    ("owner", "key"),
    [
        ("a%2Fb", "c"),
        ("a", "b%2Fc"),
        ("%C3%A9", "%F0%9F%98%80"),
        ("..%2F..", "%2e%2e/x"),
        ("a", "%2525"),
        ("a", "b//c/"),
    ],
)
def test_names_mean_exactly_what_they_say(client: httpx.Client, owner: str, key: str) -> None:
    put(client, owner, key, b"value")

    (record,) = client.get(f"{STREAM}/records").json()["records"]
    assert client.get(f"{STREAM}/records/{owner}/{key}").content == b"value"
    assert (record["owner"], record["key"]) == (str(httpx.URL(f"http://h/{owner}").path)[1:], _decoded(key))


def _decoded(segment: str) -> str:
    return {"b%2Fc": "b/c", "%F0%9F%98%80": "😀", "%2e%2e/x": "../x", "%2525": "%25"}.get(segment, segment)


@pytest.mark.parametrize(
    ("owner", "key"),
    [
        ("ada", "%00"),
        ("%00", "k"),
        ("ada", "a%0Ab"),
        ("%FF", "k"),
        ("ada", "%ED%A0%80"),
        ("a" * 300, "k"),
        ("ada", "k" * 3_000),
        ("ada", "%F0%9F%98%80" * 400),
        ("ada", "%C2%85"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_hostile_names_are_refused_clearly(unharmed: httpx.Client, method: str, owner: str, key: str) -> None:
    answer = unharmed.request(method, f"{STREAM}/records/{owner}/{key}", content=b"x" if method == "PUT" else None)

    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/homes/nowhere.lab/modules/PresenceFocus/records/a/k",
        f"/v1/homes/{POOL1}/modules/Nothing/records/a/k",
        f"/v1/homes/{POOL1}/modules/CMSMaster/records/a/k",
        "/v1/homes/cms/modules/PresenceFocus/records/a/k",
        f"{STREAM}/records//k",
        f"{STREAM}/records/a/",
        "/v1/nothing",
        "/v1/homes/%00/modules/%00/records/a/k",
    ],
)
def test_what_does_not_exist_is_a_problem_of_404(unharmed: httpx.Client, path: str) -> None:
    answer = unharmed.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert answer.json()["status"] == 404


def test_a_method_that_is_not_there_is_a_problem_of_405(unharmed: httpx.Client) -> None:
    answer = unharmed.post(f"{STREAM}/records/a/k")

    assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM)


def test_pages_cover_every_record_once_and_in_order(client: httpx.Client) -> None:
    expected = [(f"o{number // 10:02}", f"k{number % 10}") for number in range(45)]
    for owner, key in expected:
        put(client, owner, key, key.encode())

    found, after = [], None
    while True:
        page = client.get(f"{STREAM}/records", params={"limit": 7, **({"after": after} if after else {})}).json()
        found += page["records"]
        after = page["next"]
        if after is None:
            break

    assert [(record["owner"], record["key"]) for record in found] == expected
    assert [base64.b64decode(record["value"]).decode() for record in found] == [key for _, key in expected]
    assert client.get(f"{STREAM}/count").json() == {"count": 45}


def test_a_list_can_be_of_one_owner_and_without_values(client: httpx.Client) -> None:
    for owner in ("ada", "bob"):
        put(client, owner, "k", b"v")

    page = client.get(f"{STREAM}/records", params={"owner": "bob", "values": "false"}).json()

    assert page == {"records": [{"owner": "bob", "key": "k", "value": None}], "next": None}


def test_a_page_of_large_values_is_cut_short_and_goes_on(client: httpx.Client) -> None:
    for number in range(12):
        put(client, "ada", f"k{number:02}", bytes(1_000_000))

    page = client.get(f"{STREAM}/records", params={"limit": 1000}).json()
    rest = client.get(f"{STREAM}/records", params={"limit": 1000, "after": page["next"]}).json()

    assert 0 < len(page["records"]) < 12
    assert rest["records"][0]["key"] == f"k{len(page['records']):02}"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"after": "rubbish"}, "after"),
        ({"owner": ""}, "owner"),
        ({"owner": "\0"}, "owner"),
        ({"values": "perhaps"}, "values"),
    ],
)
def test_a_wrong_parameter_is_named(unharmed: httpx.Client, parameters: dict[str, str], field: str) -> None:
    answer = unharmed.get(f"{STREAM}/records", params=parameters)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def transaction(*changes: tuple[str, str, str, bytes | None]) -> dict[str, object]:
    return {
        "changes": [
            {"op": op, "owner": owner, "key": key}
            | ({} if value is None else {"value": base64.b64encode(value).decode()})
            for op, owner, key, value in changes
        ]
    }


def test_a_transaction_is_one_change_set(front_end: FrontEndInTest, client: httpx.Client) -> None:
    put(client, "ada", "old", b"1")

    answer = client.post(
        f"{STREAM}/transactions",
        json=transaction(("put", "ada", "new", b"2"), ("delete", "ada", "old", None), ("put", "bob", "k", b"3")),
    )

    assert answer.status_code == 200
    keys = [record["key"] for record in client.get(f"{STREAM}/records").json()["records"]]
    assert keys == ["new", "k"]


def test_a_transaction_with_one_bad_change_changes_nothing(client: httpx.Client) -> None:
    answer = client.post(f"{STREAM}/transactions", json=transaction(("put", "ada", "k", b"1"), ("put", "", "k", b"2")))

    assert (answer.status_code, answer.json()["field"]) == (422, "changes[1].owner")
    assert client.get(f"{STREAM}/count").json() == {"count": 0}


def test_too_many_changes_are_refused_by_413(unharmed: httpx.Client) -> None:
    answer = unharmed.post(f"{STREAM}/transactions", json=transaction(*[("delete", "ada", "k", None)] * 10_001))

    assert answer.status_code == 413


def test_ten_thousand_changes_are_taken(client: httpx.Client) -> None:
    changes = [("put", "ada", f"k{number}", b"x" * 96) for number in range(10_000)]

    assert client.post(f"{STREAM}/transactions", json=transaction(*changes)).status_code == 200
    assert client.get(f"{STREAM}/count").json() == {"count": 10_000}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"changes": []}', b'{"changes": [{}]}'])
def test_what_is_no_transaction_is_refused_by_422(unharmed: httpx.Client, body: bytes) -> None:
    answer = unharmed.post(f"{STREAM}/transactions", content=body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


def test_a_lone_surrogate_in_json_is_refused_by_422(unharmed: httpx.Client) -> None:
    body = b'{"changes": [{"op": "delete", "owner": "\\ud800", "key": "k"}]}'

    assert unharmed.post(f"{STREAM}/transactions", content=body).status_code == 422


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 5_000_000])
def test_a_value_that_is_too_large_is_refused(unharmed: httpx.Client, size: int) -> None:
    answer = put(unharmed, "ada", "k", bytes(size))

    assert answer.status_code in {413, 422}
    assert unharmed.get(f"{STREAM}/count").json() == {"count": 0}


def test_a_body_of_unknown_length_that_is_too_large_is_refused_too(unharmed: httpx.Client) -> None:
    answer = unharmed.put(f"{STREAM}/records/ada/k", content=(bytes(100_000) for _ in range(50)))

    assert answer.status_code == 413


class Gated(MemoryStore):
    """Commits nothing until the gate is open."""

    def __init__(self) -> None:
        super().__init__(POOL1)
        self.gate = threading.Event()
        self.arrived = threading.Event()

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        self.arrived.set()
        assert self.gate.wait(30)
        return super().write(transactions)


@pytest.mark.parametrize("way", ["record", "transaction", "bulk"])
def test_a_write_is_answered_only_after_its_commit(way: str, tmp_path: Path) -> None:
    store = Gated()
    requests = {
        "record": ("PUT", "records/ada/k", b"v"),
        "transaction": (
            "POST",
            "transactions",
            b'{"changes": [{"op": "put", "owner": "ada", "key": "k", "value": "dg=="}]}',
        ),
        "bulk": ("POST", "bulk", b'{"changes": [{"op": "put", "owner": "ada", "key": "k", "value": "dg=="}]}\n'),
    }
    method, path, body = requests[way]
    with front_end_on(store, deployment_in(tmp_path)) as serving, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(
            serving.client.request,
            method,
            f"{STREAM}/{path}",
            content=body,
            headers={"content-type": "application/x-ndjson"},
        )
        assert store.arrived.wait(30)
        assert serving.client.get(f"{STREAM}/records/ada/k").status_code == 404
        assert not answer.done()
        store.gate.set()

        assert answer.result(30).is_success
        assert serving.client.get(f"{STREAM}/records/ada/k").content == b"v"
    store.close()
