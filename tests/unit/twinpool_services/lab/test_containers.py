from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from pathlib import Path

import pytest

from twinpool.errors import InvalidParameter
from twinpool.options import load_deployment
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.containers import ContainerPlan, prepare
from twinpool_services.lab.containers.broker import password_hash, settings
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
    changed = {file.name for file, content in before.items() if file.read_bytes() != content}
    assert changed <= {"definitions.json"}, "the hashes of the passwords have another salt each time"


def test_the_token_of_the_command_line_is_that_of_the_administrator(tmp_path: Path) -> None:
    prepare(ContainerPlan(), tmp_path)
    token = (tmp_path / "cli" / "twinpool.token").read_text()
    assert hashlib.sha256(token.encode()).hexdigest() in (tmp_path / P1 / "twinpool.principals.toml").read_text()


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("from.pool1.lab", True),
        ("to.pool1.lab.control", True),
        ("quarantine.pool1.lab", True),
        ("from.pool2.lab", False),
        ("to.pool2.lab.control", False),
        ("quarantine.pool2.lab", False),
        ("from.pool1xlab", False),
        ("amq.default", False),
        ("", False),
    ],
)
def test_a_pool_writes_to_what_bears_its_own_name_alone(tmp_path: Path, name: str, may: bool) -> None:
    prepare(ContainerPlan(), tmp_path)
    permissions = json.loads((tmp_path / "broker" / "definitions.json").read_text())["permissions"]
    granted = next(one for one in permissions if one["user"] == P1)
    assert bool(re.search(granted["write"], name)) is may
    assert bool(re.search(granted["configure"], name)) is may


def test_a_password_is_kept_as_rabbitmq_checks_it() -> None:
    raw = base64.b64decode(password_hash("secret", b"salt"))
    assert raw == b"salt" + hashlib.sha256(b"saltsecret").digest()


def test_several_brokers_form_a_cluster_and_pools_know_all_of_them(tmp_path: Path) -> None:
    plan = ContainerPlan(brokers=3)
    assert "classic_config.nodes.3 = rabbit@rabbitmq3" in settings(plan.broker_hosts, "/run/lab/broker")
    prepare(plan, tmp_path)
    url = load_deployment(tmp_path / P1 / "twinpool.toml").pool(P1).broker_url
    assert "@rabbitmq1:5672,rabbitmq2:5672,rabbitmq3:5672/" in url


@pytest.mark.parametrize("pools", [0, 1, 3, 6])
def test_pools_come_in_pairs(pools: int) -> None:
    with pytest.raises(InvalidParameter):
        ContainerPlan(pools=pools)
