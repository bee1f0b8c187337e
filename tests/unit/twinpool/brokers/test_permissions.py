import re

import pytest

from twinpool.brokers.permissions import (
    Action,
    BrokerUser,
    Definitions,
    digest_of_password,
    fits,
    permissions_of,
    plan_users,
)
from twinpool.brokers.topology import CONTROL, Topology, exchange_from, quarantine_of, queue_to
from twinpool.vocabulary.names import PoolFqdn

ONE, TWO, LONGER = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab"), PoolFqdn("pool1.lab.example")
SUBJECTS = (CONTROL, "UserServices.PresenceFocus")
TOPOLOGY = Topology(pool=ONE, speakers=(TWO,), subjects=SUBJECTS)
USER = BrokerUser(name="pool1.lab", vhost="twin", topology=TOPOLOGY, password="s3cret")  # noqa: S106


def names_of(pool: PoolFqdn) -> list[str]:
    return [exchange_from(pool), quarantine_of(pool), *(queue_to(pool, subject) for subject in SUBJECTS)]


def test_a_pool_may_do_what_it_likes_with_its_own() -> None:
    allowed = permissions_of(TOPOLOGY)

    for name in names_of(ONE):
        assert all(re.search(pattern, name) for pattern in (allowed.configure, allowed.write, allowed.read))


@pytest.mark.parametrize("other", [TWO, LONGER, PoolFqdn("pool1xlab"), PoolFqdn("apool1.lab")])
def test_a_pool_may_neither_declare_nor_write_to_what_is_anothers(other: PoolFqdn) -> None:
    allowed = permissions_of(TOPOLOGY)

    for name in [*names_of(other), "", "amq.default", "amq.direct", "amq.gen-xyz"]:
        assert not re.search(allowed.configure, name)
        assert not re.search(allowed.write, name)


def test_of_others_a_pool_may_read_the_exchanges_of_those_who_speak_to_it_alone() -> None:
    read = permissions_of(TOPOLOGY).read

    assert re.search(read, exchange_from(TWO))
    assert not any(re.search(read, name) for name in [*names_of(TWO)[1:], *names_of(LONGER)])


def test_the_digest_of_a_password_is_rabbitmqs() -> None:
    """The example of RabbitMQ's documentation: password test12, salt 908DC60A."""
    assert digest_of_password("test12", bytes.fromhex("908DC60A")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_a_password_is_recognised_by_its_digest() -> None:
    kept = {"password_hash": digest_of_password("s3cret"), "hashing_algorithm": "rabbit_password_hashing_sha256"}

    assert fits("s3cret", kept)
    assert not fits("other", kept)
    assert not fits(None, kept)
    assert fits(None, {"password_hash": ""})
    assert not fits("s3cret", {"password_hash": "!", "hashing_algorithm": "unknown"})


def test_an_empty_broker_gets_everything() -> None:
    plan = plan_users([USER], {})

    assert [(step.action, step.kind) for step in plan.steps] == [
        (Action.CREATE, "virtual host"),
        (Action.CREATE, "user"),
        (Action.CREATE, "permissions"),
    ]
    assert plan.definitions["vhosts"] == [{"name": "twin"}]
    assert plan.changes_anything


def test_what_was_applied_once_needs_nothing_more() -> None:
    applied = plan_users([USER], {}).definitions

    again = plan_users([USER], applied)

    assert not again.changes_anything
    assert {step.action for step in again.steps} == {Action.KEEP}
    assert again.definitions["users"] == applied["users"]


@pytest.mark.parametrize(
    ("kind", "change", "detail"),
    [
        ("users", {"tags": ["administrator"]}, "administrator"),
        ("users", {"password_hash": digest_of_password("guessed")}, "another password"),
        ("permissions", {"configure": ".*"}, "configure"),
    ],
)
def test_what_was_changed_by_somebody_is_found(kind: str, change: dict[str, object], detail: str) -> None:
    applied = dict(plan_users([USER], {}).definitions)
    applied[kind] = [{**applied[kind][0], **change}]

    (step,) = [each for each in plan_users([USER], applied).steps if each.action is Action.CHANGE]

    assert detail in step.detail


def test_what_is_not_ours_to_undo_is_pointed_out() -> None:
    applied = plan_users([USER], {}).definitions
    guest = {"name": "guest", "password_hash": digest_of_password("guest"), "tags": ["administrator"]}
    elsewhere = {"user": "pool1.lab", "vhost": "/", "configure": "", "write": ".*", "read": ""}
    found: Definitions = {
        "vhosts": applied["vhosts"],
        "users": [*applied["users"], guest],
        "permissions": [*applied["permissions"], elsewhere],
    }

    looks = [step.name for step in plan_users([USER], found).steps if step.action is Action.LOOK]

    assert looks == ["pool1.lab in /", "guest"]


def test_no_password_can_be_seen_in_a_plan() -> None:
    assert "s3cret" not in repr(plan_users([USER], {}))
    assert "s3cret" not in repr(USER)
