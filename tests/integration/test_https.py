"""Front ends over HTTPS: checked by the deployment's CA, and asking for a certificate where they are told to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.front_ends import POOL1, deployment_in
from twinpool.errors import InvalidConfiguration, PoolUnreachable
from twinpool.http_client import client_of
from twinpool.security.key_files import ReadableByOthers
from twinpool.security.pki import Authority, holders_of
from twinpool.security.tls import own_certificate, server_tls, trust_of
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.security import Security
from twinpool_services.frontend.limits import Limits
from twinpool_services.frontend.pool_calls import PoolCalls
from twinpool_services.frontend.server import Server, listen


async def answer(_scope: Any, receive: Any, send: Any) -> None:
    """Answer whatever is asked with an empty object."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


def secured(folder: Path, *, client_certificates: bool = False) -> Deployment:
    """Make certificates for a deployment, and let it use them."""
    pki = folder / "pki"
    deployment = replace(deployment_in(folder), security=Security(pki=pki, client_certificates=client_certificates))
    Authority(pki).create("test", holders_of(deployment))
    return deployment


@contextmanager
def served(deployment: Deployment, limits: Limits | None = None) -> Iterator[str]:
    """Serve the first pool's front end; yields its address."""
    front_end = deployment.pool(POOL1).front_ends[0]
    listener = listen(front_end)
    server = Server(answer, listener, limits or Limits(), lambda: None, server_tls(deployment, front_end.name))
    server.start()
    try:
        yield f"https://{front_end.host}:{listener.getsockname()[1]}"
    finally:
        server.stop()


def test_a_front_end_is_known_by_the_deployments_ca_and_by_no_other(tmp_path: Path) -> None:
    deployment = secured(tmp_path)
    with served(deployment) as address:
        assert httpx.get(address, verify=trust_of(deployment)).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(address)
        with pytest.raises(httpx.HTTPError):
            httpx.get(address.replace("https", "http"))


def test_a_certificate_is_for_its_own_front_end(tmp_path: Path) -> None:
    """Whoever has got hold of another front end's certificate cannot pass for this one."""
    deployment = secured(tmp_path)
    authority, other = Authority(tmp_path / "pki"), "fe2.lab"
    for path in (authority.certificate_file, authority.key_file):
        path("fe1.lab").write_bytes(path(other).read_bytes())
    with served(deployment) as address, pytest.raises(httpx.ConnectError, match="not valid for"):
        httpx.get(address, verify=trust_of(deployment))


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x00\xf0\x01\x00"], ids=["nothing", "the beginning of one"])
def test_who_does_not_finish_a_handshake_is_given_up(tmp_path: Path, sent: bytes) -> None:
    deployment = secured(tmp_path)
    with served(deployment, Limits(head=0.3)) as address:
        place = httpx.URL(address)
        with socket.create_connection((place.host, place.port or 0), timeout=20) as connection:
            connection.sendall(sent)
            assert connection.recv(1) == b"", "closed, long before the minute that asyncio would wait"
        assert httpx.get(address, verify=trust_of(deployment)).status_code == 200


def test_front_ends_call_each_other_with_their_certificates(tmp_path: Path) -> None:
    deployment = secured(tmp_path, client_certificates=True)
    caller = own_certificate(deployment, "fe2.lab")
    assert caller == "fe2.lab"
    with served(deployment) as address:
        with closing(PoolCalls(POOL1, [address], trust=trust_of(deployment, caller))) as calls:
            assert calls.post(["x"], {}) == {}
        with closing(PoolCalls(POOL1, [address], trust=trust_of(deployment))) as calls, pytest.raises(PoolUnreachable):
            calls.post(["x"], {})


def test_commands_show_the_operators_certificate_to_front_ends_that_ask_for_one(tmp_path: Path) -> None:
    deployment = secured(tmp_path, client_certificates=True)
    with served(deployment) as address:
        with client_of(deployment, timeout=10, base_url=address) as client:
            assert client.get("/").status_code == 200
        with httpx.Client(verify=trust_of(deployment)) as client, pytest.raises(httpx.HTTPError):
            client.get(address)


def test_a_foreign_client_certificate_is_refused(tmp_path: Path) -> None:
    deployment = secured(tmp_path, client_certificates=True)
    foreign = Authority(tmp_path / "foreign")
    foreign.create("foreign", holders_of(deployment))
    (tmp_path / "foreign/ca.crt").write_bytes((tmp_path / "pki/ca.crt").read_bytes())
    stranger = trust_of(replace(deployment, security=Security(pki=tmp_path / "foreign")), "fe2.lab")
    with served(deployment) as address, pytest.raises(httpx.HTTPError):
        httpx.get(address, verify=stranger)


def test_a_front_end_without_a_usable_certificate_does_not_start(tmp_path: Path) -> None:
    deployment = secured(tmp_path)
    key = tmp_path / "pki/fe1.lab.key"

    key.chmod(0o644)
    with pytest.raises(ReadableByOthers):
        server_tls(deployment, "fe1.lab")
    key.unlink()
    with pytest.raises(InvalidConfiguration, match=r"fe1\.lab\.key cannot be used"):
        server_tls(deployment, "fe1.lab")
    assert own_certificate(deployment, "fe1.lab") is None


def test_without_certificates_front_ends_serve_plain_http(tmp_path: Path) -> None:
    assert server_tls(deployment_in(tmp_path), "fe1.lab") is None
