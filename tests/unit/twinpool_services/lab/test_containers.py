from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from twinpool.brokers.permissions import plan_users
from twinpool.brokers.users import users_of
from twinpool.errors import InvalidParameter
from twinpool.modules.registry import load_modules
from twinpool.options import load_deployment
from twinpool.security.passwords import broker_url_of, read_password
from twinpool.security.principals import Principal, read_principals, write_principals
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.containers import ContainerPlan, prepare
from twinpool_services.lab.containers.broker import settings
from twinpool_services.lab.plan import StoreKind

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")


def test_each_reader_gets_a_deployment_that_can_be_read(tmp_path: Path) -> None:
    prepare(ContainerPlan(), tmp_path)
    for reader in ("cli", P1, P2):
        deployment = load_deployment(tmp_path / reader / "twinpool.toml")
        assert [pool.fqdn for pool in deployment.pools] == [P1, P2]


def test_no_reader_finds_the_secrets_of_a_pool_that_is_not_its_own(tmp_path: Path) -> None:
    prepare(ContainerPlan(store=StoreKind.POSTGRESQL), tmp_path)
    for secret in ("broker.password", "store.password", f"{P2}.key"):
        theirs = (tmp_path / P2 / secret).read_text()
        for reader in (P1, "cli", "broker"):
            assert all(theirs not in file.read_text() for file in (tmp_path / reader).iterdir()), reader


def test_what_is_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    prepare(ContainerPlan(), tmp_path)
    for reader in ("cli", P1, P2):
        for file in (tmp_path / reader).iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_what_was_made_is_kept_when_a_lab_is_prepared_again(tmp_path: Path) -> None:
    prepare(ContainerPlan(), tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    prepare(ContainerPlan(), tmp_path)
    assert [file for file, content in before.items() if file.read_bytes() != content] == []


def test_a_principal_who_was_added_stays_when_a_lab_is_prepared_again(tmp_path: Path) -> None:
    prepare(ContainerPlan(), tmp_path)
    file = tmp_path / P1 / "twinpool.principals.toml"
    added = Principal(name="ada", groups=("CSAdministrator",), token_sha256="0" * 64)
    write_principals(file, [*read_principals(file), added])
    prepare(ContainerPlan(), tmp_path)
    assert [one.name for one in read_principals(file)] == ["administrator", "client", "ada"]


def test_the_token_of_the_command_line_is_that_of_the_administrator(tmp_path: Path) -> None:
    prepare(ContainerPlan(), tmp_path)
    token = (tmp_path / "cli" / "twinpool.token").read_text()
    assert hashlib.sha256(token.encode()).hexdigest() in (tmp_path / P1 / "twinpool.principals.toml").read_text()


def test_the_users_of_the_broker_are_those_that_broker_setup_makes(tmp_path: Path) -> None:
    prepare(ContainerPlan(pools=4), tmp_path)
    deployments = [load_deployment(tmp_path / f"pool{number}.lab" / "twinpool.toml") for number in range(1, 5)]
    pools = [deployment.pools[at] for at, deployment in enumerate(deployments)]

    def password_of(pool: Pool) -> str:
        assert pool.broker_password_file is not None
        return read_password(pool.broker_password_file)

    users = users_of(deployments[0], pools, load_modules().names, password_of)
    made = json.loads((tmp_path / "broker" / "definitions.json").read_text())
    assert not plan_users(users, made).changes_anything
    assert len(made["users"]) == 4


def test_prometheus_is_told_of_every_front_end_and_every_node_of_the_broker(tmp_path: Path) -> None:
    prepare(ContainerPlan(pools=4, brokers=3), tmp_path)
    front_ends = json.loads((tmp_path / "facts" / "front-ends.json").read_text())
    assert [group["labels"]["pool"] for group in front_ends] == [f"pool{number}.lab" for number in range(1, 5)]
    assert front_ends[3]["targets"] == ["fe1.pool4.lab:8080", "fe2.pool4.lab:8080"]
    (brokers,) = json.loads((tmp_path / "facts" / "brokers.json").read_text())
    assert brokers["targets"] == ["rabbitmq1:15692", "rabbitmq2:15692", "rabbitmq3:15692"]


def test_several_brokers_form_a_cluster_and_pools_know_all_of_them(tmp_path: Path) -> None:
    plan = ContainerPlan(brokers=3)
    assert "classic_config.nodes.3 = rabbit@rabbitmq3" in settings(plan.broker_hosts, "/run/lab/broker")
    prepare(plan, tmp_path)
    url = broker_url_of(load_deployment(tmp_path / P1 / "twinpool.toml").pool(P1))
    assert url.startswith("amqp://pool1.lab:")
    assert "@rabbitmq1:5672,rabbitmq2:5672,rabbitmq3:5672/" in url


@pytest.mark.parametrize("pools", [0, 1, 3, 6])
def test_pools_come_in_pairs(pools: int) -> None:
    with pytest.raises(InvalidParameter):
        ContainerPlan(pools=pools)
