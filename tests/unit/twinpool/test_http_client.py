from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import twinpool
import twinpool_services
from tests.front_ends import deployment_in
from twinpool.errors import InvalidConfiguration
from twinpool.http_client import client_of
from twinpool.security.pki import Authority, holders_of
from twinpool.security.tls import OPERATOR

#: Who speaks to something else than front ends, or for one of them.
OTHERS = {
    "twinpool/http_client.py",
    "twinpool/brokers/administration.py",
    "twinpool_services/frontend/pool_calls.py",
    "twinpool_services/frontend/access/issuer_keys.py",
    "twinpool_services/dashboard/acting.py",
    "twinpool_services/dashboard/live/asking.py",
    "twinpool_services/dashboard/live/other_pools.py",
}
MAKING = {"Client", "AsyncClient", "get", "put", "post", "patch", "delete", "request", "stream", "head"}


def makers(package: Path) -> Iterator[str]:
    """Name the modules that make clients of httpx by themselves."""
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in MAKING and ast.unparse(called.value) == "httpx":
                yield str(path.relative_to(package.parent))


def test_clients_of_front_ends_are_made_in_one_place() -> None:
    packages = [Path(os.fspath(package.__path__[0])) for package in (twinpool, twinpool_services)]

    assert {maker for package in packages for maker in makers(package)} == OTHERS


def test_a_client_shows_its_token_and_goes_past_proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("TWINPOOL_TOKEN", "tp_mine")

    with client_of(deployment_in(tmp_path), timeout=1.0, base_url="http://127.0.0.1:8001") as client:
        assert client.headers["Authorization"] == "Bearer tp_mine"
        assert not client.trust_env
        assert str(client.base_url) == "http://127.0.0.1:8001"
    with client_of(deployment_in(tmp_path), timeout=1.0, headers={}) as client:
        assert "Authorization" not in client.headers


def test_a_ca_that_cannot_be_read_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    deployment = deployment_in(tmp_path)
    secured = replace(deployment, security=replace(deployment.security, pki=tmp_path / "none"))

    with pytest.raises(InvalidConfiguration, match=r"ca\.crt"):
        client_of(secured, timeout=1.0)


def test_the_operators_certificate_is_one_of_those_that_are_made(tmp_path: Path) -> None:
    deployment = deployment_in(tmp_path)
    Authority(tmp_path / "pki").create("test", holders_of(deployment))

    assert (tmp_path / "pki" / f"{OPERATOR}.crt").exists()
    secured = replace(deployment, security=replace(deployment.security, pki=tmp_path / "pki"))
    client_of(secured, timeout=1.0).close()  # It can be used.
