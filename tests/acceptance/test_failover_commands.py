"""An operator moves users and the CMS between real pools by command, and reads the receipts of both."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.labs import CONTACTS, P1, P2, RunningLab, running_lab
from tests.roaming import RoamingClient
from twinpool_services.cli.exit_codes import ExitCode

pytestmark = pytest.mark.rabbitmq

OVER = ("Invoke-CsPoolFailover", "-PoolFqdn", P1)
BACK = ("Invoke-CsPoolFailback", "-PoolFqdn", P1)
PLANNED = ["requested", "quiesced", "drained", "verified", "handing-over", "handed-over", "serving", "done"]
STEPS = ["Decided", "ReadOnly", "Drained", "Verified", "HandingOver", "HandedOver", "Serving", "Done"]


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair over SQLite whose CMS has been moved to the second pool: the first one is free to go."""
    with running_lab(request, lease_duration="00:00:02") as running:
        running.put(P1, "contacts/bob", b"friend")
        running.await_final()
        moved = receipt(running, "Invoke-CsManagementServerFailover")
        assert (moved["Operation"], moved["Result"], moved["PoolsAgree"]) == ("ManagementServerFailover", "Done", True)
        running.await_final()
        yield running


def receipt(lab: RunningLab, *words: str) -> dict[str, Any]:
    done = lab.command(*words, "--format", "json")
    assert done.returncode == ExitCode.OK, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def roaming(lab: RunningLab, prefix: str) -> RoamingClient:
    pools = lab.lab.deployment.pools
    addresses = [(pool.fqdn, front_end.address) for pool in pools for front_end in pool.front_ends]
    return RoamingClient(P1, addresses, prefix, lab.headers)


def await_writes(lab: RunningLab, client: RoamingClient, pool: str) -> None:
    """Wait until a pool has taken some more writes."""
    before = len(client.told)
    lab.eventually(lambda: [each for each in client.told[before:] if each.pool == pool][5:], f"{pool} takes writes")


def kept(lab: RunningLab, pool: str) -> set[str]:
    with lab.store(pool) as store:
        return {record.key for record in store.scan(CONTACTS, after=None, limit=1_000_000)}


def test_users_move_away_and_come_home_under_writes_and_nothing_is_lost(lab: RunningLab) -> None:
    client = roaming(lab, "planned")
    with client.writing():
        await_writes(lab, client, P1)
        moved = lab.command(*OVER, "-Verbose")
        await_writes(lab, client, P2)
        again, unneeded = lab.command(*OVER), lab.command("Invoke-CsPoolFailback", "-PoolFqdn", P2)
        home = receipt(lab, *BACK, "-WaitTime", "00:01:00")
        await_writes(lab, client, P1)
    lab.await_final()

    assert moved.returncode == ExitCode.OK, moved.stderr
    told = re.findall(r"^VERBOSE: \S+ ([a-z-]+): ", moved.stderr, re.MULTILINE)
    assert told == PLANNED, moved.stderr
    assert (again.returncode, unneeded.returncode) == (ExitCode.REFUSED, ExitCode.REFUSED)
    assert f"it is {P1} that is failed over" in unneeded.stderr
    assert (home["Operation"], home["Result"], home["PoolsAgree"]) == ("Failback", "Done", True)
    assert [step["Step"] for step in home["Steps"]] == STEPS
    for row in home["Modules"]:
        assert row["SourceHead"] == row["TargetBegins"] == row["SourceBegins"]
    shown = receipt(lab, "receipts", "show", home["Receipt"])
    handed_over, serving, _ = shown["Steps"][-3:]
    # The first write may be taken as soon as the store says so, a moment before that is noted as a step.
    assert 0 < handed_over["Seconds"] <= min(serving["Seconds"], shown["FirstWriteSeconds"])
    written = {each.key for each in client.told}
    assert written <= kept(lab, P1)
    assert written <= kept(lab, P2)
    assert client.surprises == []


def test_a_disaster_is_rehearsed_and_nobody_serves_anything_else_for_it(lab: RunningLab) -> None:
    lab.await_final()
    before = lab.command("failover", "status", "--format", "json").stdout
    shown = receipt(lab, "drill", "disaster", P1)
    listed = receipt(lab, "drill", "list", P2)["Drills"]
    unknown = lab.command("drill", "show", "nobody")

    assert (shown["Result"], shown["Passed"], shown["PoolFqdn"], shown["Complaints"]) == ("CouldServe", True, P2, [])
    assert {row["Identity"]: row["Records"] for row in shown["BackupModules"]}[CONTACTS.module] == len(kept(lab, P2))
    assert [row["Drill"] for row in listed] == [shown["Drill"]]
    assert receipt(lab, "drill", "show", shown["Drill"]) == shown
    assert unknown.returncode == ExitCode.NOT_FOUND
    after = lab.command("failover", "status", "--format", "json").stdout
    assert [(row["ServingPool"], row["Term"]) for row in json.loads(after)["Standings"]] == [
        (row["ServingPool"], row["Term"]) for row in json.loads(before)["Standings"]
    ]


def test_a_pool_whose_cms_has_not_left_is_not_failed_over(lab: RunningLab) -> None:
    """Reference 28.8: the CMS is at the second pool here."""
    refused = lab.command("Invoke-CsPoolFailover", "-PoolFqdn", P2)

    assert refused.returncode == ExitCode.REFUSED
    assert "Invoke-CsManagementServerFailover" in refused.stderr


def flip(lab: RunningLab, key: str) -> None:
    """Change a record in the file of the second pool, behind everybody's back."""
    file = lab.pool(P2).store.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as connection:
        changed = connection.execute(
            "UPDATE record SET value = x'666c6970' WHERE key = ? AND set_id ="
            " (SELECT record_set FROM stream WHERE home = ? AND module = ?)",
            (key, CONTACTS.home, CONTACTS.module),
        )
        assert changed.rowcount == 1


def test_pools_that_differ_are_not_handed_over_unless_nobody_compares(lab: RunningLab) -> None:
    """Reference 28.10."""
    lab.await_final()
    flip(lab, "contacts/bob")

    refused = lab.command(*OVER)
    uncompared = receipt(lab, *OVER, "-SkipDataVerification", "-PrepareForFailoverOnly")
    writes = lab.put(P1, "contacts/emil", b"friend")
    repaired = lab.command("verify", P1, "--resync")
    compared = receipt(lab, *OVER, "-PrepareForFailoverOnly")

    assert refused.returncode == ExitCode.REFUSED
    assert "the pools' records differ" in refused.stderr
    assert (uncompared["Result"], uncompared["Verification"]) == ("Prepared", "skipped")
    assert writes
    assert repaired.returncode == ExitCode.OK, repaired.stderr
    assert (compared["Result"], compared["Verification"]) == ("Prepared", "passed")


def test_what_was_only_prepared_leaves_the_source_writing(lab: RunningLab) -> None:
    prepared = receipt(lab, *OVER, "-PrepareForFailoverOnly", "-Force")

    assert (prepared["Result"], prepared["Verification"], prepared["PoolsAgree"]) == ("Prepared", "passed", True)
    assert lab.put(P1, "contacts/carol", b"friend")


def test_the_replicas_of_the_cms_are_fed_by_the_pool_that_serves_it_now(lab: RunningLab) -> None:
    status = ("Get-CsManagementStoreReplicationStatus", "--format", "json")
    lab.client(P2).put("/v1/cms/documents/policy/moved", json={"a": 1}).raise_for_status()

    def in_step() -> bool:
        rows = json.loads(lab.command(*status).stdout)
        return [row["UpToDate"] for row in rows] == [True, True]

    lab.eventually(in_step, "all replicas are up to date")
    store = json.loads(lab.command(*status, "-CentralManagementStoreStatus").stdout)
    forced = lab.command("Invoke-CsManagementStoreReplication", P1)
    lab.eventually(in_step, "all replicas are up to date again")

    assert store["ActiveMasterFqdn"] == lab.active(P2)
    assert forced.returncode == ExitCode.OK, forced.stderr
    assert lab.client(P1).get("/v1/cms/documents/policy/moved").json() == {"a": 1}


def test_the_backup_pool_takes_over_alone_by_a_plan_and_the_receipt_is_completed_later(lab: RunningLab) -> None:
    lab.await_final()
    for name in lab.names(P1):
        lab.lab.kill(name)

    planned_code = lab.command(*OVER).returncode
    unasked = lab.command(*OVER, "-DisasterMode", "-Confirm")
    plan = receipt(lab, "failover", "plan", P1)
    outdated = lab.command("failover", "execute", "--plan", "0" * 32, P1)
    taken = receipt(lab, "failover", "execute", "--plan", plan["PlanToken"], P1)

    assert (planned_code, unasked.returncode, outdated.returncode) == (
        ExitCode.REFUSED,
        ExitCode.USAGE,
        ExitCode.REFUSED,
    )
    assert (taken["Result"], taken["DisasterMode"], taken["PoolsAgree"]) == ("Done", True, None)
    assert [line.partition(":")[0] for line in taken["NotRead"]] == [P1]

    lab.start(*lab.names(P1))
    lab.eventually(lambda: receipt(lab, "receipts", "show", taken["Receipt"])["PoolsAgree"], "both pools agree")
    later = receipt(lab, "receipts", "show", taken["Receipt"])
    assert (later["NotRead"], later["Orphans"], later["Steps"]) == ([], 0, taken["Steps"])
    listed = receipt(lab, "receipts", "list", P1)["Receipts"]
    assert (listed[0]["Receipt"], listed[0]["Result"]) == (taken["Receipt"], "Done")
    lab.eventually(lambda: lab.command(*BACK).returncode == ExitCode.OK, "the pool has come home")


def test_an_operation_is_followed_by_another_command_and_can_be_aborted(lab: RunningLab) -> None:
    lab.await_final()
    for name in lab.names(P1):
        lab.lab.pause(name)
    wish = {"Home": P1, "WaitTime": 600}
    begun = lab.client(P2).post(f"/v1/pools/{P2}/failovers", json=wish).json()

    busy = lab.client(P2).post(f"/v1/pools/{P2}/failovers", json=wish)
    asked = lab.client(P2).post(f"/v1/pools/{P2}/failovers/{begun['Failover']}/abort", json={"Reason": "not today"})
    for name in lab.names(P1):
        lab.lab.resume(name)
    resumed = lab.command("failover", "resume", begun["Failover"])
    ended = receipt(lab, "receipts", "show", begun["Failover"])

    assert (busy.status_code, asked.status_code) == (409, 202)
    assert resumed.returncode == ExitCode.REFUSED  # aborted, or already at its end
    assert (ended["Result"], ended["Failure"]) == ("Aborted", "not today")
    assert lab.command("failover", "abort", begun["Failover"]).returncode == ExitCode.REFUSED
    record = f"/v1/homes/{P1}/modules/PresenceFocus/records/alice@lab/contacts/dora"
    lab.eventually(lambda: lab.client(P1).put(record, content=b"friend").is_success, "the source takes writes again")


def test_users_come_home_alone_when_the_backup_pool_is_gone_after_the_cms(lab: RunningLab) -> None:
    """Reference 28.12, and 28.8 in the other direction."""
    lab.await_final()
    receipt(lab, *OVER)
    lab.await_final(P2)
    for name in lab.names(P2):
        lab.lab.kill(name)

    planned, before_cms = lab.command(*BACK), lab.command(*BACK, "-DisasterMode", "-Force")
    down = lab.command("Get-CsManagementStoreReplicationStatus", "-CentralManagementStoreStatus", "--format", "json")
    cms = receipt(lab, "Invoke-CsManagementServerFailover", "-Force")
    home = receipt(lab, *BACK, "-DisasterMode", "-Force")

    assert (planned.returncode, before_cms.returncode) == (ExitCode.REFUSED, ExitCode.REFUSED)
    assert "-DisasterMode" in planned.stderr
    assert "Invoke-CsManagementServerFailover" in before_cms.stderr
    assert json.loads(down.stdout)["ActiveMasterFqdn"] is None
    assert [(each["Result"], each["DisasterMode"]) for each in (cms, home)] == [("Done", True)] * 2
    assert lab.put(P1, "contacts/fritz", b"friend")
    lab.start(*lab.names(P2))
    lab.assert_in_step()
