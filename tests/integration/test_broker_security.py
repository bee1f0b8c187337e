"""What a pool's user of RabbitMQ may do, and who gets in at all: against a real broker."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pika
import pika.exceptions
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.rabbitmq_server import require_rabbitmq
from twinpool.brokers.administration import ManagementApi, NotAdministrator, Rabbitmqctl
from twinpool.brokers.free_ports import free_ports
from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.permissions import plan_users
from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.rabbitmq import RabbitmqLink
from twinpool.brokers.rabbitmq.declaring import queue_arguments
from twinpool.brokers.topology import CONTROL, exchange_from, quarantine_of, queue_to, routing_key, topology_of
from twinpool.brokers.users import users_of
from twinpool.modules.registry import load_modules
from twinpool.options import load_deployment
from twinpool.ports.broker import Delivery, Outcome
from twinpool.security.passwords import broker_url_of
from twinpool.security.pki import Authority, holders_of
from twinpool.security.tls import trust_of
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.cli.exit_codes import ExitCode

pytestmark = pytest.mark.rabbitmq

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
MODULES = load_modules().names
FORBIDDEN = 403

FILE = """\
[deployment]
cms_master = "pool1.lab"
[security]
pki = "pki"
{pools}
[[pair]]
pools = ["pool1.lab", "pool2.lab"]
"""
POOL = """\
[[pool]]
fqdn = "{fqdn}"
store = "sqlite:///{fqdn}.db"
broker_url = "{url}"
broker_password_file = "keys/{fqdn}.broker-password"
front_ends = [{{ name = "fe1.{fqdn}", listen = "127.0.0.1:{port}" }}]
"""


@dataclass(frozen=True)
class Secured:
    """A node with TLS, client certificates and the management plugin, and a deployment that uses it."""

    node: PrivateNode
    directory: Path
    tls_port: int

    @property
    def file(self) -> Path:
        return self.directory / "twinpool.toml"

    @property
    def deployment(self) -> Deployment:
        return load_deployment(self.file, {})

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `twinpool` as an operator would."""
        program = Path(sysconfig.get_path("scripts")) / "twinpool"
        command = [str(program), *words, "--deployment", str(self.file)]
        given = {**os.environ, **environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=given)

    def set_up_anew(self) -> None:
        """Bring the pools' users to what the other tests expect."""
        done = self.command("broker", "setup", "--private-node", str(self.node.directory))
        assert done.returncode == 0, done.stderr

    def url(self, pool: PoolFqdn) -> str:
        """Return the URL by which a pool logs in with its password, unencrypted."""
        return (
            broker_url_of(self.deployment.pool(pool))
            .replace("amqps://", "amqp://")
            .replace(f":{self.tls_port}/", f":{self.node.url().rpartition(':')[2].partition('/')[0]}/")
        )


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    require_rabbitmq()
    directory = Path(tempfile.mkdtemp(prefix="twinpool-secured-"))
    (tls_port,) = free_ports(1)
    pools = "".join(
        POOL.format(fqdn=fqdn, url=f"amqps://127.0.0.1:{tls_port}/twin", port=8101 + at)
        for at, fqdn in enumerate((P1, P2))
    )
    (directory / "twinpool.toml").write_text(FILE.format(pools=pools), encoding="utf-8")
    Authority(directory / "pki").create("test", holders_of(load_deployment(directory / "twinpool.toml", {})))
    node = PrivateNode(
        directory / "rabbitmq",
        plugins=("rabbitmq_management", "rabbitmq_auth_mechanism_ssl"),
        settings={
            "listeners.ssl.1": f"127.0.0.1:{tls_port}",
            "ssl_options.cacertfile": f"{directory}/pki/ca.crt",
            "ssl_options.certfile": f"{directory}/pki/broker.crt",
            "ssl_options.keyfile": f"{directory}/pki/broker.key",
            "ssl_options.verify": "verify_peer",
            "ssl_options.fail_if_no_peer_cert": "true",
            "ssl_cert_login_from": "common_name",
            "auth_mechanisms.1": "PLAIN",
            "auth_mechanisms.2": "EXTERNAL",
        },
    )
    try:
        node.start()
        yield Secured(node, directory, tls_port)
    finally:
        node.kill()
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def set_up(secured: Secured) -> Secured:
    """The same, with a user for each pool, made as an operator makes them."""
    done = secured.command("broker", "setup", "--private-node", str(secured.node.directory), "--format", "json")
    assert done.returncode == 0, done.stderr
    for pool in (P1, P2):
        password = (secured.directory / f"keys/{pool}.broker-password").read_text(encoding="ascii").strip()
        assert password not in done.stdout + done.stderr
    return secured


def actions(done: subprocess.CompletedProcess[str]) -> set[str]:
    assert done.returncode == 0, done.stderr
    return {step["Action"] for step in json.loads(done.stdout)}


# ── making the users ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_changes_nothing_and_a_second_setup_has_nothing_to_do(secured: Secured, set_up: Secured) -> None:
    by_ctl = ("broker", "setup", "--private-node", str(secured.node.directory), "--format", "json")
    secured.node.ctl("set_user_tags", P1, "administrator")

    assert "change" in actions(secured.command(*by_ctl, "--plan"))
    assert "change" in actions(secured.command(*by_ctl))
    assert not actions(secured.command(*by_ctl)) & {"create", "change"}


def test_the_management_api_tells_and_does_the_same_as_rabbitmqctl(set_up: Secured) -> None:
    user, password = set_up.node.url().removeprefix("amqp://").partition("@")[0].split(":")
    api = ManagementApi(set_up.node.management_url, user, password)
    users = users_of(set_up.deployment, set_up.deployment.pools, MODULES, lambda _pool: "a password of today")

    by_http = plan_users(users, api.definitions())
    by_ctl = plan_users(users, Rabbitmqctl(set_up.node.ctl).definitions())
    assert by_http.steps == by_ctl.steps
    assert by_http.changes_anything

    api.apply(by_http)
    assert not plan_users(users, api.definitions()).changes_anything
    assert set_up.command("broker", "setup", "--private-node", str(set_up.node.directory)).returncode == 0


def test_whoever_may_not_administer_is_told_so(set_up: Secured) -> None:
    with pytest.raises(NotAdministrator):
        ManagementApi(set_up.node.management_url, "pool1.lab", "guessed").definitions()


def test_an_operator_reaches_the_management_api_with_a_password_in_a_file(set_up: Secured, tmp_path: Path) -> None:
    user, password = set_up.node.url().removeprefix("amqp://").partition("@")[0].split(":")
    held = tmp_path / "admin.password"
    held.write_text(password + "\n")
    held.chmod(0o600)
    address = set_up.node.management_url.replace("http://", f"http://{user}@")
    by_http = ("broker", "setup", "--management-url", address, "--admin-password-file", str(held), "--format", "json")
    set_up.node.ctl("set_user_tags", P2, "monitoring")

    done, planned = set_up.command(*by_http), set_up.command(*by_http, "--plan")

    assert "change" in actions(done)
    assert not actions(planned) & {"create", "change"}
    assert not [ran for ran in (done, planned) if password in ran.stdout + ran.stderr]


def test_an_operator_with_a_wrong_password_is_refused_without_repeating_it(set_up: Secured) -> None:
    address = set_up.node.management_url.replace("http://", "http://twinpool:wrongly-guessed@")

    done = set_up.command("broker", "setup", "--management-url", address)

    assert done.returncode == ExitCode.DENIED
    assert "administrator" in done.stderr
    assert "wrongly-guessed" not in done.stdout + done.stderr


def test_an_operator_may_use_rabbitmqctl_of_the_machine(set_up: Secured) -> None:
    """Of a node by its name, with the cookie that lies in the home of whoever calls."""
    environment = {
        name: value
        for name, value in set_up.node._environment().items()
        if name in {"HOME", "RABBITMQ_CTL_ERL_ARGS"} or name.startswith("ERL_EPMD")
    }
    by_ctl = ("broker", "setup", "--rabbitmqctl", "--node", set_up.node.name, "--format", "json")
    set_up.node.ctl("set_user_tags", P1, "monitoring")

    assert "change" in actions(set_up.command(*by_ctl, **environment))
    assert not actions(set_up.command(*by_ctl, "--plan", **environment)) & {"create", "change"}


def test_the_broker_has_to_be_named_in_one_way(set_up: Secured) -> None:
    neither = set_up.command("broker", "setup")
    both = set_up.command("broker", "setup", "--rabbitmqctl", "--private-node", str(set_up.node.directory))

    assert neither.returncode == both.returncode == ExitCode.USAGE
    assert "one of --management-url, --rabbitmqctl, --private-node" in " ".join(neither.stderr.split())


def test_users_by_certificate_have_no_password_to_be_stolen(set_up: Secured) -> None:
    by_certificate = ("broker", "setup", "--private-node", str(set_up.node.directory), "--by-certificate")
    options = LinkOptions(tls=trust_of(set_up.deployment, P1))
    try:
        assert "change" in actions(set_up.command(*by_certificate, "--format", "json"))
        assert why_not(set_up, amqps(set_up), options) == ""
        assert why_not(set_up, broker_url_of(set_up.deployment.pool(P1)), options), "its password is worth nothing"
    finally:
        set_up.set_up_anew()


# ── what a pool may not do ──────────────────────────────────────────────────────────────────────────────────────


def link_of(secured: Secured, pool: PoolFqdn, url: str, options: LinkOptions) -> RabbitmqLink:
    pools = [each.fqdn for each in secured.deployment.pools]
    return RabbitmqLink(url, topology_of(pool, pools, MODULES), options)


class Ear:
    """Hears whether a link comes up, and why not."""

    def __init__(self) -> None:
        self.up, self.down = threading.Event(), threading.Event()
        self.reason = ""

    def link_up(self) -> None:
        self.up.set()

    def link_down(self, reason: str) -> None:
        self.reason = reason
        self.down.set()

    def link_blocked(self, reason: str | None) -> None:
        raise AssertionError(reason)

    def delivered(self, delivery: Delivery) -> None:
        raise AssertionError(delivery)

    def settled(self, token: int, outcome: Outcome) -> None:
        raise AssertionError(token, outcome)


@pytest.fixture(scope="module")
def declared(set_up: Secured) -> Secured:
    """Both pools have declared what is theirs, each as its own user, over amqps."""
    for pool in (P1, P2):
        ear = Ear()
        tls = trust_of(set_up.deployment, pool)
        link = link_of(set_up, pool, broker_url_of(set_up.deployment.pool(pool)), LinkOptions(tls=tls))
        link.start(ear)
        assert ear.up.wait(30), ear.reason
        link.close()
    return set_up


CONTROLS = queue_to(P2, CONTROL)
Attempt = Callable[[BlockingChannel], object]
ATTEMPTS: dict[str, Attempt] = {
    "speak as the other pool": lambda channel: channel.basic_publish(exchange_from(P2), routing_key(P1, CONTROL), b""),
    "put into its queue past all exchanges": lambda channel: channel.basic_publish("", CONTROLS, b""),
    "read its queue": lambda channel: channel.basic_get(CONTROLS),
    "listen to its queue": lambda channel: channel.basic_consume(CONTROLS, lambda *_: None),
    "read its quarantine": lambda channel: channel.basic_get(quarantine_of(P2)),
    "empty its queue": lambda channel: channel.queue_purge(CONTROLS),
    "delete its queue": lambda channel: channel.queue_delete(CONTROLS),
    "delete its exchange": lambda channel: channel.exchange_delete(exchange_from(P2)),
    "declare its queue": lambda channel: channel.queue_declare(
        CONTROLS, durable=True, arguments=queue_arguments(CONTROL, LinkOptions().limits)
    ),
    "declare a queue of another name": lambda channel: channel.queue_declare("mine"),
    "declare its exchange": lambda channel: channel.exchange_declare(exchange_from(P2), "direct", durable=True),
    "bind its queue to our exchange": lambda channel: channel.queue_bind(CONTROLS, exchange_from(P1), "any"),
    "overhear what is said to it": lambda channel: channel.queue_bind(
        CONTROLS, exchange_from(P2), routing_key(P1, CONTROL)
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_pools_credentials_do_not_let_it(attempt: str, declared: Secured) -> None:
    with_password = pika.URLParameters(declared.url(P1))
    with pika.BlockingConnection(with_password) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            ATTEMPTS[attempt](channel)
        assert refused.value.reply_code == FORBIDDEN


def test_its_own_it_may_use(declared: Secured) -> None:
    with pika.BlockingConnection(pika.URLParameters(declared.url(P1))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(exchange_from(P1), quarantine_of(P1), b"mine", mandatory=True)
        _, _, body = channel.basic_get(quarantine_of(P1), auto_ack=True)
        assert body == b"mine"


# ── who gets in ─────────────────────────────────────────────────────────────────────────────────────────────────


def why_not(secured: Secured, url: str, options: LinkOptions) -> str:
    """Return why a link does not come up; empty if it does."""
    ear, link = Ear(), link_of(secured, P1, url, options)
    link.start(ear)
    try:
        while not (ear.up.wait(0.05) or ear.down.is_set()):
            pass
        return "" if ear.up.is_set() else ear.reason
    finally:
        link.close()


def amqps(secured: Secured, credentials: str = "") -> str:
    return f"amqps://{credentials}127.0.0.1:{secured.tls_port}/twin"


def test_without_a_certificate_nobody_gets_in(declared: Secured) -> None:
    options = LinkOptions(tls=trust_of(declared.deployment))

    assert why_not(declared, broker_url_of(declared.deployment.pool(P1)), options)


def test_with_a_foreign_certificate_nobody_gets_in(declared: Secured, tmp_path: Path) -> None:
    foreign = Authority(tmp_path / "pki")
    foreign.create("foreign", holders_of(declared.deployment))
    stranger = ssl.create_default_context(cafile=str(declared.directory / "pki/ca.crt"))
    stranger.load_cert_chain(str(foreign.certificate_file(P1)), str(foreign.key_file(P1)))
    assert why_not(declared, broker_url_of(declared.deployment.pool(P1)), LinkOptions(tls=stranger))


def test_a_broker_that_another_ca_vouches_for_is_not_spoken_to(declared: Secured, tmp_path: Path) -> None:
    foreign = Authority(tmp_path / "pki")
    foreign.create("foreign", holders_of(declared.deployment), validity=timedelta(days=1))
    deceived = ssl.create_default_context(cafile=str(foreign.certificate_file("ca")))

    reason = why_not(declared, broker_url_of(declared.deployment.pool(P1)), LinkOptions(tls=deceived))

    assert "certificate verify failed" in reason


def test_a_pool_is_known_by_its_certificate_alone(declared: Secured) -> None:
    """No password travels: EXTERNAL, with the common name of the certificate as the user."""
    own = LinkOptions(tls=trust_of(declared.deployment, P1))
    others = LinkOptions(tls=trust_of(declared.deployment, P2))

    assert why_not(declared, amqps(declared), own) == ""
    assert "access to" in why_not(declared, amqps(declared), others), "it is pool2, which may not declare pool1's"
