"""Who is let in, and to what: real front ends, tokens as clients have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from tests.pairs import eventually
from tests.tokens import Headers, add_principal
from twinpool.security.credentials import bearer
from twinpool.security.principals import changing, find_principal, fingerprint_of, read_principals, with_new_token
from twinpool.security.roles import ADMINISTRATORS, CMDLET_ROLES, DATA_CLIENTS, VIEWERS, Role
from twinpool.security.tokens import digest_of
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.security import Authentication, Security
from twinpool_services.cli.cmdlets import CMDLETS
from twinpool_services.frontend.access.requirements import requirement_of
from twinpool_services.frontend.app import routes_of_all

STATUS = f"/v1/pools/{POOL1}/backup-status"
CONFIGURATION = "/v1/backup-configuration"
RECORD = f"/v1/homes/{POOL1}/modules/PresenceFocus/records/ada@lab/presence"
RECORDS = f"/v1/homes/{POOL1}/modules/PresenceFocus/records"


@pytest.fixture(scope="module")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    folder = tmp_path_factory.mktemp("pool")
    with front_end_on(MemoryStore(POOL1), deployment_in(folder)) as serving:
        yield serving


@pytest.fixture(scope="module")
def security(front_end: FrontEndInTest) -> Security:
    return front_end.context.deployment.security


@pytest.fixture(scope="module")
def people(security: Security) -> dict[str, Headers]:
    """Somebody of each group."""
    return {
        "administrator": add_principal(security, "bob", [ADMINISTRATORS]),
        "viewer": add_principal(security, "wall", [VIEWERS]),
        "client": add_principal(security, "mailbox", [DATA_CLIENTS], homes=[POOL1]),
        "other client": add_principal(security, "calendar", [DATA_CLIENTS], homes=["pool2.lab"]),
        "stranger": add_principal(security, "eve", ["Cleaners"]),
    }


@pytest.fixture
def anonymous(front_end: FrontEndInTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=front_end.client.base_url) as client:
        yield client


def routes() -> list[APIRoute]:
    return [route for route in routes_of_all() if isinstance(route, APIRoute)]


def named(route: APIRoute) -> str:
    return f"{method_of(route)} {route.path}"


def method_of(route: APIRoute) -> str:
    return min(route.methods or {"GET"})


# ── routes and tables ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("route", routes(), ids=named)
def test_every_route_declares_what_it_asks_of_its_caller(route: APIRoute) -> None:
    assert requirement_of(route) is not None, "say dependencies=[requires(Role.…)] at the route"


def test_nothing_but_health_is_open() -> None:
    open_paths = {route.path for route in routes() if requirement_of(route) is Role.OPEN}

    assert open_paths == {"/livez", "/readyz"}


def test_every_cmdlet_has_a_row_in_the_table_of_roles() -> None:
    assert {cmdlet.name for cmdlet in CMDLETS} <= set(CMDLET_ROLES), "add it to CMDLET_ROLES in security/roles.py"


# ── who is let in ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("route", routes(), ids=named)
def test_without_a_token_nothing_but_health_and_metrics_answers(anonymous: httpx.Client, route: APIRoute) -> None:
    answer = anonymous.request(method_of(route), route.path.replace(":path", ""))

    if requirement_of(route) in {Role.OPEN, Role.METRICS}:  # metrics unless `open_metrics` is false
        assert answer.status_code == 200
    else:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:twinpool:problem:not-authenticated"


def test_metrics_take_a_token_where_the_deployment_does_not_open_them(tmp_path: Path) -> None:
    deployment = deployment_in(tmp_path)
    closed = replace(deployment, security=replace(deployment.security, open_metrics=False))
    with front_end_on(MemoryStore(POOL1), closed) as serving, httpx.Client(base_url=serving.client.base_url) as nobody:
        assert nobody.get("/metrics").status_code == 401
        assert serving.client.get("/metrics").status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/nothing", "/v1/pools", "//livez", "/livez/"])
def test_what_is_not_there_is_not_told_to_strangers_either(anonymous: httpx.Client, path: str) -> None:
    assert anonymous.get(path).status_code == 401


@pytest.mark.parametrize(
    "credentials",
    [b"", b"Bearer", b"Bearer tp_wrong", b"Basic YWRtaW46YWRtaW4=", b"Bearer " + b"x" * 20_000],
    ids=["nothing", "no token", "wrong", "basic", "long"],
)
def test_wrong_credentials_are_refused_without_being_repeated(anonymous: httpx.Client, credentials: bytes) -> None:
    answer = anonymous.get(RECORD, headers={b"Authorization": credentials})

    assert answer.status_code == 401
    assert "wrong" not in answer.text


def test_two_credentials_are_as_good_as_none(front_end: FrontEndInTest, anonymous: httpx.Client) -> None:
    valid = ("Authorization", front_end.headers["Authorization"])

    assert anonymous.get(CONFIGURATION, headers=[valid]).status_code == 200
    assert anonymous.get(CONFIGURATION, headers=[valid, ("Authorization", "Bearer tp_x")]).status_code == 401


def test_a_digest_from_the_file_is_no_token(front_end: FrontEndInTest, anonymous: httpx.Client) -> None:
    token = front_end.headers["Authorization"].removeprefix("Bearer ")

    assert anonymous.get(CONFIGURATION, headers=bearer(digest_of(token))).status_code == 401


def test_a_new_token_works_at_once_and_one_taken_back_is_soon_refused(
    anonymous: httpx.Client, security: Security
) -> None:
    headers = add_principal(security, "brief", [VIEWERS])
    assert anonymous.get(CONFIGURATION, headers=headers).status_code == 200

    with changing(security.principals) as principals:
        del principals[find_principal(principals, "brief")]

    eventually(lambda: anonymous.get(CONFIGURATION, headers=headers).status_code == 401, "it is refused")


def test_a_front_end_tells_which_principals_it_knows_by_a_digest_alone(
    front_end: FrontEndInTest, security: Security
) -> None:
    add_principal(security, "newcomer", [VIEWERS])

    told = front_end.client.get("/v1/front-end/examination").json()["Principals"]

    known = read_principals(security.principals)
    assert told == {"File": str(security.principals), "Count": len(known), "Fingerprint": fingerprint_of(known)}


def test_an_expired_token_is_refused(anonymous: httpx.Client, security: Security) -> None:
    headers = add_principal(security, "late", [VIEWERS])
    digest = digest_of(headers["Authorization"].removeprefix("Bearer "))
    with changing(security.principals) as principals:
        at = find_principal(principals, "late")
        principals[at] = with_new_token(principals[at], digest, datetime.now(UTC) - timedelta(seconds=1))

    assert anonymous.get(CONFIGURATION, headers=headers).status_code == 401


def test_a_file_that_is_damaged_leaves_in_who_was_in(front_end: FrontEndInTest, security: Security) -> None:
    sound = security.principals.read_text()
    security.principals.write_text("[[principal]]\nname = ")
    try:
        statuses = [front_end.client.get(CONFIGURATION).status_code for _ in range(3)]
        assert httpx.get(front_end.client.base_url.join(CONFIGURATION), headers=bearer("tp_x")).status_code == 401
    finally:
        security.principals.write_text(sound)

    assert statuses == [200, 200, 200]


def test_with_authentication_off_everybody_may_do_everything(tmp_path: Path) -> None:
    deployment = replace(deployment_in(tmp_path), security=Security(authentication=Authentication.OFF))
    with front_end_on(MemoryStore(POOL1), deployment) as serving:
        assert httpx.put(serving.client.base_url.join(RECORD), content=b"x").status_code == 201
        assert httpx.get(serving.client.base_url.join(STATUS)).status_code == 200


# ── what groups may do ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        ("administrator", "GET", CONFIGURATION, 200),
        ("administrator", "PUT", RECORD, 200),
        ("administrator", "GET", STATUS, 403),
        ("administrator", "POST", f"/v1/pools/{POOL1}/sync", 403),
        ("viewer", "GET", CONFIGURATION, 200),
        ("viewer", "PATCH", CONFIGURATION, 403),
        ("viewer", "GET", STATUS, 403),
        ("viewer", "GET", RECORD, 403),
        ("viewer", "GET", RECORDS, 403),
        ("viewer", "POST", f"/v1/pools/{POOL1}/failovers", 403),
        ("client", "PUT", RECORD, 200),
        ("client", "GET", RECORD, 200),
        ("client", "GET", RECORD.replace(POOL1, POOL1.upper()), 200),
        ("client", "GET", RECORDS, 200),
        ("client", "GET", CONFIGURATION, 403),
        ("client", "GET", STATUS, 403),
        ("client", "PUT", "/v1/homes/cms/modules/CMSMaster/records/kind/name", 403),
        ("client", "GET", "/v1/homes/cms/modules/CMSMaster/records/kind/name", 403),
        ("client", "PUT", "/v1/cms/documents/kind/name", 403),
        ("client", "POST", f"/v1/pools/{POOL1}/orphans/1/replay", 403),
        ("other client", "GET", RECORD, 403),
        ("other client", "PUT", RECORD, 403),
        ("other client", "DELETE", RECORD, 403),
        ("other client", "GET", RECORDS, 403),
        ("other client", "GET", RECORD.replace("/v1/homes/pool1.lab", "/v1/homes/%70ool1.lab"), 403),
        ("stranger", "GET", RECORD, 403),
        ("stranger", "GET", "/v1/homes", 403),
    ],
)
def test_each_group_may_do_what_its_roles_say(
    front_end: FrontEndInTest, people: dict[str, Headers], who: str, method: str, path: str, status: int
) -> None:
    front_end.client.put(RECORD, content=b"online")

    answer = front_end.client.request(method, path, headers=people[who], content=b"online" if method == "PUT" else None)

    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["type"] == "urn:twinpool:problem:not-authorised"


def test_a_group_that_the_setting_names_may_call_the_backup_service(
    front_end: FrontEndInTest, people: dict[str, Headers]
) -> None:
    client = front_end.client
    assert client.get(STATUS).status_code == 200, "server administrators always may"
    before = client.get(STATUS, headers=people["administrator"])

    client.patch(CONFIGURATION, json={"AuthorizedUniversalGroups": ["CSAdministrator"]}).raise_for_status()
    try:
        admitted = client.get(STATUS, headers=people["administrator"])
        others = client.get(STATUS, headers=people["viewer"])
        server_administrator = client.get(STATUS)
    finally:
        client.patch(CONFIGURATION, json={"AuthorizedUniversalGroups": ["RTCUniversalServerAdmins"]})

    assert before.status_code == 403
    assert "Set-CsBackupServiceConfiguration -AuthorizedUniversalGroups" in before.json()["hint"]
    assert admitted.status_code == 200
    assert others.status_code == 403
    assert server_administrator.status_code == 200
    assert client.get(STATUS, headers=people["administrator"]).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", CONFIGURATION, {"AuthorizedUniversalGroups": ["CSAdministrator"]}),
        ("PATCH", CONFIGURATION, {"AuthorizedLocalAccounts": ["bob"]}),
        ("PUT", "/v1/cms/documents/configuration/BackupService%2FGlobal", {}),
        ("DELETE", "/v1/cms/documents/configuration/BackupService%2FGlobal", None),
        ("PUT", "/v1/homes/cms/modules/CMSMaster/records/configuration/BackupService%2FGlobal", {}),
        ("POST", "/v1/homes/cms/modules/CMSMaster/transactions", {"changes": []}),
        ("POST", f"/v1/pools/{POOL1}/failovers", {"Home": "CMS"}),
    ],
)
def test_nobody_grants_himself_what_he_lacks(
    front_end: FrontEndInTest, people: dict[str, Headers], method: str, path: str, body: object
) -> None:
    answer = front_end.client.request(method, path, headers=people["administrator"], json=body)

    assert answer.status_code == 403
    assert "AdministerServers" in answer.json()["detail"]


def test_an_administrator_changes_what_is_his_to_change(front_end: FrontEndInTest, people: dict[str, Headers]) -> None:
    whole = front_end.client.get(CONFIGURATION).json()

    answer = front_end.client.patch(CONFIGURATION, headers=people["administrator"], json=whole)

    assert answer.status_code == 200
