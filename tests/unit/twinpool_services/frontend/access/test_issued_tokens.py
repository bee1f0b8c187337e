from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.unit.twinpool_services.cli.answering import Answer, Asked, front_end
from twinpool.errors import NotAuthenticated
from twinpool.security.roles import Role
from twinpool.vocabulary.security import OidcIssuer
from twinpool_services.frontend.access.issued_tokens import IssuedTokens

YEARS = 10 * 365 * 86_400.0  #: seconds
ISSUER, AUDIENCE = "https://login.test/", "twinpool"
RSA, EC, ED = (
    rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
    ec.generate_private_key(ec.SECP256R1()),
    ed25519.Ed25519PrivateKey.generate(),
)
STRANGE = ed25519.Ed25519PrivateKey.generate()


def jwk(algorithm: Any, key: Any, kid: str) -> dict[str, Any]:
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


SECRET = {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(b"0" * 32).decode()}
KEYS = [
    jwk(jwt.algorithms.RSAAlgorithm, RSA, "rsa"),
    jwk(jwt.algorithms.ECAlgorithm, EC, "ec"),
    jwk(jwt.algorithms.OKPAlgorithm, ED, "ed"),
    SECRET,
]


def token(key: Any = ED, algorithm: str = "EdDSA", kid: str = "ed", **claims: Any) -> str:
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": time.time() + 60, "groups": ["CSAdministrator"]}
    told = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(told, key, algorithm, headers={"kid": kid})


@pytest.fixture
def issued(tmp_path: Path) -> IssuedTokens:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": KEYS}))
    return IssuedTokens(OidcIssuer(issuer=ISSUER, audience=AUDIENCE, jwks=str(file)))


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")],
    ids=["rsa", "ec", "ed"],
)
def test_a_token_of_the_issuer_says_who_calls_and_what_for(
    issued: IssuedTokens, key: Any, algorithm: str, kid: str
) -> None:
    caller, expires = issued.read(token(key, algorithm, kid))

    assert caller.name == "oidc:ada"
    assert caller.may(Role.ADMINISTER)
    assert not caller.may(Role.BACKUP_SERVICE)
    assert expires > time.time()


def test_homes_of_a_data_client_come_from_their_claim(issued: IssuedTokens) -> None:
    caller, _ = issued.read(token(groups="TwinpoolDataClients", twinpool_homes=["POOL1.lab"]))

    assert caller.may(Role.WRITE_DATA, "pool1.lab")
    assert not caller.may(Role.WRITE_DATA, "pool2.lab")


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.test/"},
        {"aud": "other"},
        {"exp": time.time() - 120},
        {"exp": None},
        {"sub": None},
        {"aud": None},
        {"nbf": time.time() + YEARS},  # the test may run long after it was collected
        {"key": STRANGE},
        {"kid": "unknown"},
        {"key": RSA, "algorithm": "RS256"},
    ],
    ids=["issuer", "audience", "expired", "no end", "no subject", "no audience", "not yet", "key", "unknown", "kind"],
)
def test_what_is_not_for_us_or_not_now_or_not_by_the_issuer_is_refused(
    issued: IssuedTokens, wrong: dict[str, Any]
) -> None:
    with pytest.raises(NotAuthenticated):
        issued.read(token(**wrong))


def by_hand(header: dict[str, str], secret: bytes) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "eve", "exp": time.time() + 60}
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (header, claims)]
    said = b".".join(parts)
    signature = hmac.digest(secret, said, hashlib.sha256) if secret else b""
    return (said + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize(
    ("algorithm", "kid", "secret"),
    [
        ("none", "ed", b""),
        ("None", "ed", b""),
        ("HS256", "shared", b"0" * 32),
        ("HS256", "ed", ED.public_key().public_bytes_raw()),
        ("HS256", "rsa", json.dumps(KEYS[0]).encode()),
    ],
    ids=["none", "None", "shared", "public key", "set of keys"],
)
def test_no_token_without_a_signature_or_with_a_shared_secret_is_taken(
    issued: IssuedTokens, algorithm: str, kid: str, secret: bytes
) -> None:
    with pytest.raises(NotAuthenticated):
        issued.read(by_hand({"alg": algorithm, "kid": kid, "typ": "JWT"}, secret))


def test_no_issuer_makes_somebody_a_front_end_of_ours(issued: IssuedTokens) -> None:
    caller, _ = issued.read(token(groups=["TwinpoolPools", "twinpoolpools"]))

    assert caller.groups == ()
    assert not caller.roles


@pytest.mark.parametrize("text", ["..", "a.b.c", "e30.e30.", "e30.e30.AA", "\xff.\xff.\xff"])
def test_what_only_looks_like_a_token_is_refused(issued: IssuedTokens, text: str) -> None:
    with pytest.raises(NotAuthenticated):
        issued.read(text)


@pytest.mark.parametrize("claim", [None, 7, {"a": 1}, [1, None, "x" * 300, "line\nbreak"]])
def test_a_claim_that_names_no_groups_grants_nothing(issued: IssuedTokens, claim: object) -> None:
    caller, _ = issued.read(token(groups=claim))

    assert not caller.roles


def test_a_new_key_of_the_issuer_is_fetched_once_somebody_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinpool_services.frontend.access.issuer_keys.PAUSE", 0.0)
    keys = [KEYS[0]]

    def answer(_: Asked) -> Answer:
        return 200, {"keys": keys}

    with front_end(answer) as double:
        url = f"http://127.0.0.1:{double.port}/keys"
        issued = IssuedTokens(OidcIssuer(issuer=ISSUER, audience=AUDIENCE, jwks=url))
        for _ in range(3):
            issued.read(token(RSA, "RS256", "rsa"))
        fetched = len(double.asked)
        keys.append(KEYS[2])

        assert issued.read(token())[0].name == "oidc:ada"
        assert (fetched, len(double.asked)) == (1, 2)


def test_keys_that_nobody_knows_do_not_make_us_ask_again_and_again() -> None:
    with front_end(lambda _: (200, {"keys": KEYS})) as double:
        url = f"http://127.0.0.1:{double.port}/keys"
        issued = IssuedTokens(OidcIssuer(issuer=ISSUER, audience=AUDIENCE, jwks=url))
        for number in range(20):
            with pytest.raises(NotAuthenticated):
                issued.read(token(kid=f"unknown {number}"))

        assert len(double.asked) == 1


@pytest.mark.parametrize("answer", [(500, {}), (200, b"{"), (200, {"keys": 1}), (200, b" " * 1_100_000)])
def test_while_keys_cannot_be_had_those_known_count(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr("twinpool_services.frontend.access.issuer_keys.FRESH_FOR", 0.0)
    answers: list[Answer] = [(200, {"keys": KEYS})]
    with front_end(lambda _: answers[-1]) as double:
        url = f"http://127.0.0.1:{double.port}/keys"
        issued = IssuedTokens(OidcIssuer(issuer=ISSUER, audience=AUDIENCE, jwks=url))
        issued.read(token())
        answers.append(answer)

        assert issued.read(token())[0].name == "oidc:ada"
