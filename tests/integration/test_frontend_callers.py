"""Passes of other pools and tokens of an issuer, over HTTP to a real front end: what they open and what they do not.

And whoever calls, with whatever: no secret of his, or of ours, is repeated in answers, logs or what commands print.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.front_ends import POOL1, POOL2, POOL3, FrontEndInTest, deployment_in, front_end_on
from twinpool.logs import configure_logging
from twinpool.security.credentials import bearer
from twinpool.security.key_ring import KeyRing
from twinpool.security.passes import make_pass
from twinpool.security.pool_keys import SigningKey, load_pool_keys
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import Instant, PoolFqdn
from twinpool.vocabulary.security import OidcIssuer
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main

ISSUER, AUDIENCE = "https://login.test/", "twinpool"
KEY, STRANGE = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
RECORD = f"/v1/homes/{POOL1}/modules/PresenceFocus/records/ada@lab/presence"
STATUS = f"/v1/pools/{POOL1}/backup-status"
PROGRESS = f"/v1/homes/{POOL1}/modules/PresenceFocus/import-progress"
SECRET = "s3cr3t-of-the-broker"  # noqa: S105 - a made-up one


@pytest.fixture(scope="module")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    folder = tmp_path_factory.mktemp("pool")
    with front_end_on(MemoryStore(POOL1), deployed(folder)) as serving:
        yield serving


@pytest.fixture
def anonymous(front_end: FrontEndInTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=front_end.client.base_url) as client:
        yield client


def deployed(folder: Path) -> Deployment:
    """A deployment whose pools have keys, and that trusts an issuer."""
    deployment = deployment_in(folder)
    jwks = folder / "jwks.json"
    known = {**jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "of-today"}
    jwks.write_text(json.dumps({"keys": [known]}))
    pools = []
    for pool in deployment.pools:
        ring = KeyRing.within(folder / "keys", pool.fqdn)
        ring.make()
        pools.append(
            replace(
                pool,
                signing_key=ring.private,
                verify_keys=(ring.public,),
                broker_url=f"amqp://twinpool:{SECRET}@127.0.0.1:1/",
            )
        )
    security = replace(deployment.security, oidc=OidcIssuer(issuer=ISSUER, audience=AUDIENCE, jwks=str(jwks)))
    return replace(deployment, pools=tuple(pools), security=security)


def key_of(front_end: FrontEndInTest, fqdn: PoolFqdn) -> SigningKey:
    deployment = front_end.context.deployment
    key = load_pool_keys(deployment, deployment.pool(fqdn)).signing
    assert key is not None
    return key


def token(key: Any = KEY, **claims: Any) -> str:
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": time.time() + 60}
    return jwt.encode({**usual, **claims}, key, "EdDSA", headers={"kid": "of-today"})


def now(seconds: float = 0.0) -> Instant:
    return Instant(time.time() + seconds)


def statuses(client: httpx.Client, shown: str, *paths: str) -> list[int]:
    return [client.get(path, headers=bearer(shown)).status_code for path in paths]


def test_a_pass_opens_what_front_ends_of_pools_ask_each_other_and_nothing_else(
    front_end: FrontEndInTest, anonymous: httpx.Client
) -> None:
    shown = make_pass(key_of(front_end, POOL2), POOL1, now())

    assert statuses(anonymous, shown, PROGRESS) == [200]
    assert statuses(anonymous, shown, f"/v1/pools/{POOL1}/audit") == [403]
    assert anonymous.patch("/v1/backup-configuration", json={}, headers=bearer(shown)).status_code == 403


@pytest.mark.parametrize("why", ["for another pool", "expired", "of the future", "of another pool's key", "altered"])
def test_a_pass_that_is_not_for_us_and_now_is_refused(
    front_end: FrontEndInTest, anonymous: httpx.Client, why: str
) -> None:
    key = key_of(front_end, POOL2)
    forged = SigningKey(POOL2, key_of(front_end, POOL3)._private)
    shown = {
        "for another pool": lambda: make_pass(key, POOL3, now()),
        "expired": lambda: make_pass(key, POOL1, now(-300)),
        "of the future": lambda: make_pass(key, POOL1, now(300)),
        "of another pool's key": lambda: make_pass(forged, POOL1, now()),
        "altered": lambda: make_pass(key, POOL1, now())[:-6] + "AAAA==",
    }[why]()

    assert statuses(anonymous, shown, PROGRESS) == [401]


def test_a_token_of_the_issuer_opens_what_its_groups_may(front_end: FrontEndInTest, anonymous: httpx.Client) -> None:
    viewer, administrator = token(groups=["CSViewOnlyAdministrator"]), token(groups=["RTCUniversalServerAdmins"])
    client = token(groups=["TwinpoolDataClients"], twinpool_homes=[POOL1])
    foreign = token(groups=["TwinpoolDataClients"], twinpool_homes=[POOL2])

    assert statuses(anonymous, viewer, f"/v1/pools/{POOL1}/failovers", STATUS) == [200, 403]
    assert statuses(anonymous, administrator, STATUS, f"/v1/pools/{POOL1}/audit") == [200, 200]
    assert statuses(anonymous, client, RECORD, STATUS) == [404, 403]
    assert statuses(anonymous, foreign, RECORD) == [403]


def test_what_such_a_caller_changes_is_noted_under_his_name(front_end: FrontEndInTest, anonymous: httpx.Client) -> None:
    shown = bearer(token(groups=["RTCUniversalServerAdmins"]))
    anonymous.patch("/v1/backup-configuration", json={"SyncInterval": "00:01:00"}, headers=shown).raise_for_status()

    assert front_end.client.get(f"/v1/pools/{POOL1}/audit").json()["Entries"][-1]["Principal"] == "oidc:ada"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        pytest.param({"key": STRANGE}, 401, id="of a stranger"),
        pytest.param({"exp": time.time() - 300}, 401, id="expired"),
        pytest.param({"aud": "another service"}, 401, id="for another service"),
        pytest.param({"iss": "https://login.evil/"}, 401, id="of another issuer"),
        pytest.param({"groups": ["TwinpoolPools"]}, 403, id="speaking for a pool"),
    ],
)
def test_a_token_that_the_issuer_did_not_make_for_us_opens_nothing(
    front_end: FrontEndInTest, anonymous: httpx.Client, wrong: dict[str, Any], status: int
) -> None:
    claims = {"groups": ["RTCUniversalServerAdmins"], **wrong}

    assert statuses(anonymous, token(**claims), RECORD, STATUS, PROGRESS) == [status] * 3
    assert "login" not in anonymous.get(STATUS, headers=bearer(token(**claims))).text


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def command_file(front_end: FrontEndInTest) -> Path:
    """A deployment file beside the principals, whose broker has a password."""
    described = front_end.context.front_end
    file = front_end.context.deployment.security.principals.with_name("twinpool.toml")
    file.write_text(
        f'[deployment]\ncms_master = "{POOL1}"\n[broker]\nurl = "amqp://twinpool:{SECRET}@127.0.0.1:1/"\n'
        f'[[pool]]\nfqdn = "{POOL1}"\nstore = "sqlite:///{POOL1}.db"\n'
        f'front_ends = [{{ name = "fe1.lab", listen = "{described.host}:{front_end.port}" }}]\n'
    )
    return file


@pytest.mark.parametrize(
    "words",
    [
        ("Get-CsBackupServiceStatus", "-PoolFqdn", POOL1, "-Verbose"),
        ("Get-CsPoolBackupRelationship", "-PoolFqdn", POOL1, "-Verbose"),
        ("status", POOL1, "--format", "json"),
        ("doctor",),
        ("Get-CsBackupServiceStatus", "-PoolFqdn", "pool9.lab", "-Verbose"),
    ],
)
def test_no_secret_is_in_what_commands_print_or_log_at_their_most_talkative(
    front_end: FrontEndInTest,
    command_file: Path,
    words: tuple[str, ...],
    capfd: pytest.CaptureFixture[str],
) -> None:
    secrets = [SECRET, front_end.headers["Authorization"].removeprefix("Bearer ")]
    configure_logging(level="DEBUG")
    code = main([*words, "--deployment", str(command_file)])
    shown = capfd.readouterr()

    assert code in {ExitCode.OK, ExitCode.NOT_FOUND, ExitCode.USAGE, ExitCode.FOUND_ERRORS}
    assert shown.out + shown.err
    assert not [secret for secret in secrets if secret in shown.out + shown.err]


def test_no_token_is_in_an_answer_or_the_log_of_a_front_end_at_its_most_talkative(
    front_end: FrontEndInTest, anonymous: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = [
        token(key=STRANGE, groups=["CSAdministrator"]),
        make_pass(key_of(front_end, POOL2), POOL3, now()),
        "tp_of-nobody-at-all",
    ]
    answers = [anonymous.get(STATUS, headers=bearer(one)).text for one in tokens]
    answers.append(front_end.client.get(STATUS).text)

    own = front_end.headers["Authorization"].removeprefix("Bearer ")
    said = caplog.text + "".join(answers) + "".join(str(record.__dict__) for record in caplog.records)
    assert not [one for one in [*tokens, own, SECRET] if one in said]
