"""compose/pair.yml, brought up by Docker Compose and broken by the engine's own commands, loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.compose.conftest import OpenLab
from tests.compose.lab import P1, P2, ComposeLab, service_of
from twinpool.brokers.permissions import plan_users
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.containers.broker import users_of

FRONT_ENDS = ("fe1-pool1", "fe2-pool1", "fe1-pool2", "fe2-pool2")
OF_P2 = ("fe1-pool2", "fe2-pool2")

#: Images may have to be made first, which takes minutes; everything else is bounded by what it waits for.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def lab(open_lab: OpenLab) -> Iterator[ComposeLab]:
    with open_lab("pair", generation="v2") as running:
        yield running


def test_every_container_is_healthy_and_what_prepares_has_ended(lab: ComposeLab) -> None:
    for service in (*FRONT_ENDS, "rabbitmq"):
        lab.eventually(lambda service=service: lab.health(service) == "healthy", f"{service} is healthy")  # type: ignore[misc]
    prepared = lab.inspect("prepare")["State"]
    assert (prepared["Status"], prepared["ExitCode"]) == ("exited", 0)


@pytest.mark.parametrize("service", ["fe1-pool1", "cli"])
def test_a_container_runs_without_root_capabilities_or_a_writable_root(lab: ComposeLab, service: str) -> None:
    told = lab.execute(service, "cat", "/proc/self/status").splitlines()
    facts = dict(line.split(":\t", 1) for line in told if ":\t" in line)
    assert set(facts["Uid"].split()) == {"10001"}
    assert {int(facts[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert facts["NoNewPrivs"] == "1"
    tried = lab.execute(service, "sh", "-c", "touch /tmp/x && echo may; touch /opt/twinpool/x 2>&1 || true")
    assert tried.startswith("may\n")
    assert "Read-only file system" in tried


def test_a_pool_has_no_secret_of_another_and_ports_are_published_on_loopback_alone(lab: ComposeLab) -> None:
    seen = lab.execute("fe1-pool1", "sh", "-c", "find /run/lab -type f | xargs cat")
    theirs = lab.execute("fe1-pool2", "cat", f"/run/lab/{P2}/broker.password")
    assert len(theirs) > 20
    assert theirs not in seen
    assert "PRIVATE KEY" in seen
    for service in FRONT_ENDS:
        bound = lab.inspect(service)["NetworkSettings"]["Ports"]["8080/tcp"]
        assert {one["HostIp"] for one in bound} == {"127.0.0.1"}


def test_the_broker_knows_the_users_of_the_pools_alone_with_the_permissions_of_broker_setup(lab: ComposeLab) -> None:
    passwords = {
        PoolFqdn(pool): lab.execute(f"fe1-{pool.partition('.')[0]}", "cat", f"/run/lab/{pool}/broker.password")
        for pool in (P1, P2)
    }
    known = json.loads(lab.execute("rabbitmq", "rabbitmqctl", "--quiet", "export_definitions", "-"))
    assert not plan_users(users_of(passwords), known).changes_anything
    assert {user["name"] for user in known["users"]} == {P1, P2}


def test_an_operator_sees_the_status_with_the_token_that_lies_there(lab: ComposeLab) -> None:
    assert "FinalState" in lab.execute("cli", "twinpool", "status", P1)
    without = "import http.client as h; c = h.HTTPConnection('fe1.pool1.lab', 8080); c.request('GET', '/v1/front-end')"
    assert lab.execute("cli", "python3", "-c", f"{without}; print(c.getresponse().status)").strip() == "401"


def test_nothing_is_lost_when_the_active_front_end_is_killed_under_load(lab: ComposeLab) -> None:
    with lab.load(P1, P2):
        killed = lab.active(P1)
        lab.kill(service_of(killed))
        assert lab.active(P1, other_than=killed) != killed
    lab.start(service_of(killed))
    lab.await_ready(killed)
    assert lab.verdict()["served_by"] == {P1: P1, P2: P2}


def test_a_front_end_that_wakes_up_late_changes_nothing(lab: ComposeLab) -> None:
    with lab.load(P1):
        paused = lab.active(P1)
        lab.docker("pause", lab.container(service_of(paused)))
        successor = lab.active(P1, other_than=paused)
        lab.more()
        lab.docker("unpause", lab.container(service_of(paused)))
        lab.await_ready(paused)
        lab.more()
        assert lab.active(P1) == successor
    lab.verdict()


def test_a_front_end_that_is_stopped_hands_over_in_order(lab: ComposeLab) -> None:
    with lab.load(P1):
        stopped = lab.active(P2)  # It imports what is written.
        lab.docker("stop", lab.container(service_of(stopped)))
        assert lab.active(P2, other_than=stopped) != stopped
    assert lab.inspect(service_of(stopped))["State"]["ExitCode"] == 0
    lab.start(service_of(stopped))
    lab.await_ready(stopped)
    lab.verdict()


def test_nothing_is_lost_when_the_broker_is_killed_or_a_pool_is_cut_off_from_it(lab: ComposeLab) -> None:
    with lab.load(P1, P2):
        lab.kill("rabbitmq")
        lab.more()
        lab.start("rabbitmq")
        lab.part("broker", *OF_P2)
        lab.more()
        lab.join("broker", *OF_P2)
    lab.verdict()


def test_users_move_to_the_backup_pool_and_home_by_cmdlets_under_load(lab: ComposeLab) -> None:
    with lab.load(P2):
        there = lab.twinpool("Invoke-CsPoolFailover", "-PoolFqdn", P2)
        lab.more()
        home = lab.twinpool("Invoke-CsPoolFailback", "-PoolFqdn", P2)
    assert (there["Result"], home["Result"]) == ("Done", "Done")
    assert lab.verdict()["served_by"] == {P2: P2}


def test_after_a_disaster_every_write_that_was_answered_is_there_or_an_orphan(lab: ComposeLab) -> None:
    with lab.load(P2):
        lab.kill(*OF_P2)
        plan = lab.twinpool("failover", "plan", P2)
        taken = lab.twinpool("failover", "execute", "--plan", plan["PlanToken"], P2)
    assert (taken["Result"], taken["DisasterMode"]) == ("Done", True)
    lab.start(*OF_P2)
    lab.await_ready(*(f"fe{number}.{P2}" for number in (1, 2)))
    assert lab.verdict(orphans="allowed")["served_by"] == {P2: P1}
    assert lab.twinpool("Invoke-CsPoolFailback", "-PoolFqdn", P2)["Result"] == "Done"


def test_a_lab_that_is_prepared_again_keeps_its_secrets(lab: ComposeLab) -> None:
    files = ("/run/lab/cli/twinpool.toml", "/run/lab/cli/twinpool.token")
    before = lab.execute("cli", "cat", *files)
    lab.docker("start", "--attach", lab.container("prepare"))
    assert lab.execute("cli", "cat", *files) == before


def test_a_lab_that_is_stopped_and_started_again_is_the_same_lab(lab: ComposeLab) -> None:
    kept = lab.execute("rabbitmq", "cat", "/run/lab/broker/definitions.json")
    lab.docker("stop", *map(lab.container, (*FRONT_ENDS, "rabbitmq")))
    lab.start("rabbitmq", *FRONT_ENDS)
    lab.await_ready(*(f"fe{number}.{pool}" for pool in (P1, P2) for number in (1, 2)))
    lab.await_quiet()
    assert lab.execute("rabbitmq", "cat", "/run/lab/broker/definitions.json") == kept


LOSE_A_RECORD = """
import sqlite3
for pool in ("pool1.lab", "pool2.lab"):
    with sqlite3.connect(f"/stores/{pool}/{pool}.db") as store:
        newest = "SELECT rowid FROM record WHERE owner LIKE 'run%' ORDER BY owner DESC, key LIMIT 1"
        assert store.execute(f"DELETE FROM record WHERE rowid = ({newest})").rowcount == 1
"""


def test_an_answered_write_that_is_gone_would_be_found(lab: ComposeLab) -> None:
    with lab.load(P1):
        lab.more()
    lab.verdict()
    lab.execute("judge", "python3", "-c", LOSE_A_RECORD)
    (violation,) = lab.ask("verdict", "none")["violations"]
    assert "lost write" in violation or "lost append" in violation
