"""A lab with certificates: HTTPS and amqps throughout, everybody shows one, and all else works as usual."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator

import httpx
import pytest

from tests.browsers import a_window, running_chromium
from tests.labs import P1, P2, RunningLab, running_lab
from twinpool.security.tls import OPERATOR
from twinpool_services.lab.certificates import PKI

pytestmark = pytest.mark.rabbitmq


@pytest.fixture(scope="module")
def tls_lab(request: pytest.FixtureRequest) -> Iterator[RunningLab]:
    with running_lab(request, own_broker=True, front_ends=1, tls=True, lease_duration="00:00:02") as running:
        yield running


def test_front_ends_speak_https_alone_and_to_whom_the_labs_ca_vouches_for(tls_lab: RunningLab) -> None:
    (front_end,) = tls_lab.pool(P1).front_ends
    trusting = ssl.create_default_context(cafile=str(tls_lab.lab.directory / PKI / "ca.crt"))

    assert front_end.address.startswith("https://")
    assert tls_lab.at(front_end.name).get("/livez").status_code == 200
    with pytest.raises(httpx.HTTPError):
        httpx.get(front_end.address.replace("https:", "http:") + "/livez")
    with pytest.raises(httpx.HTTPError):  # It has no certificate to show.
        httpx.get(front_end.address + "/livez", verify=trusting)


def test_the_dashboard_is_used_in_a_browser_that_shows_a_certificate(tls_lab: RunningLab) -> None:
    (front_end,) = tls_lab.pool(P1).front_ends
    place = tls_lab.lab.directory / PKI
    operator = (place / f"{OPERATOR}.crt", place / f"{OPERATOR}.key")
    token = tls_lab.headers["Authorization"].removeprefix("Bearer ")

    with running_chromium() as chromium, a_window(chromium, front_end.address, certificate=operator) as window:
        window.open("/dashboard")
        window.sign_in(token)
        window.shows(P2)
        window.page.locator("[data-liveness][data-state=ok]").wait_for()
        cookies = window.page.context.cookies()

    assert cookies
    assert all(one["secure"] and one["httpOnly"] for one in cookies), cookies


def test_pools_are_known_to_the_broker_by_their_certificates(tls_lab: RunningLab) -> None:
    node = tls_lab.lab.servers.node
    assert node is not None
    tls_lab.await_final()

    said = node.ctl("list_connections", "user", "ssl", "auth_mechanism", "--formatter", "json")

    connections = json.loads(said)
    assert {one["user"] for one in connections} == {P1, P2}
    assert {(one["ssl"], one["auth_mechanism"]) for one in connections} == {(True, "EXTERNAL")}


def test_what_is_written_is_replicated_moves_and_is_looked_after_by_the_usual_commands(tls_lab: RunningLab) -> None:
    with tls_lab.load(P1, users=200) as load:
        tls_lab.more(load, 500)
    tls_lab.assert_in_step()

    first = tls_lab.command("Invoke-CsManagementServerFailover", "-Confirm:$false")
    assert first.returncode == 0, first.stderr
    moved = tls_lab.command("Invoke-CsPoolFailover", "-PoolFqdn", P1, "-Confirm:$false", "--format", "json")
    assert moved.returncode == 0, moved.stderr
    path = f"/v1/homes/{P1}/modules/PresenceFocus/records/alice@lab/presence"
    written = tls_lab.client(P2).put(path, content=b"at the backup pool")
    assert written.status_code == 201, written.text
    tls_lab.eventually(
        lambda: tls_lab.client(P1).get(path).content == b"at the backup pool", "the write is replicated back"
    )
    tls_lab.await_final(P2)

    looked = tls_lab.command("doctor", "--all", "--format", "json")
    findings = [one for one in json.loads(looked.stdout) if one["Check"] != "disk"]
    assert {one["Severity"] for one in findings} == {"OK"}, looked.stdout
    assert "certificates" in {one["Check"] for one in findings}
