"""What lies at the backup pool is verified while everybody writes: what differs is found, and nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.labs import CONTACTS, P1, P2, RunningLab, running_lab
from twinpool.vocabulary.change import RecordKey
from twinpool_services.lab.demo.loading import load_users

pytestmark = pytest.mark.rabbitmq

USERS = 1_000  #: twelve records each
ROUNDS = 20
STILL = RecordKey("alice@lab", "contacts/still")  #: nobody writes to it


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair over SQLite, of two front ends each."""
    with running_lab(request) as running:
        load_users(running.target(P1), range(USERS), USERS, lambda _count: None)
        running.put(P1, STILL.key, b"friend", owner=STILL.owner)
        running.await_final()
        yield running


def flip(lab: RunningLab, at: RecordKey) -> None:
    """Change a record in the file of the backup pool, behind everybody's back."""
    file = lab.pool(P2).store.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as connection:
        changed = connection.execute(
            "UPDATE record SET value = x'666c6970' WHERE owner = ? AND key = ? AND set_id ="
            " (SELECT record_set FROM stream WHERE home = ? AND module = ?)",
            (*at, CONTACTS.home, CONTACTS.module),
        )
        assert changed.rowcount == 1


def verified(lab: RunningLab, *words: str) -> tuple[int, dict[str, Any]]:
    """Verify, and return the exit code and what was found in the records of presence."""
    ran = lab.command("Debug-CsInterPoolReplication", "-PoolFqdn", P1, *words, "--format", "json")
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def begun(client: httpx.Client, module: str) -> Callable[[], dict[str, Any]]:
    """Begin a verification without waiting for it; return what asks how far it is."""
    answer = client.post(f"/v1/pools/{P1}/verifications", json={"BackupModule": module})
    assert answer.is_success, answer.text
    return lambda: dict(client.get(answer.headers["Location"]).json())


def over(lab: RunningLab, asked: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Wait until a verification is over, and return what was found."""
    return lab.eventually(lambda: found if (found := asked())["Progress"] == "Done" else None, "it is over")


def test_a_flipped_record_is_found_among_live_writes_and_repaired(lab: RunningLab) -> None:
    with lab.load(P1, users=USERS) as load:
        flip(lab, STILL)

        found_code, found = verified(lab, "-BackupModule", "PresenceFocus")
        lab.more(load)
        repaired_code, repaired = verified(lab, "-BackupModule", "PresenceFocus", "-ResyncSignatureMismatchItems")
        with lab.store(P2) as store:
            assert store.read(CONTACTS, STILL) == b"friend"

    assert (found_code, repaired_code) == (1, 0)
    (row,) = found["BackupModules"]
    assert [(each["Owner"], each["Key"], each["Difference"]) for each in found["Differences"]] == [
        (*STILL, "Different")
    ]
    assert (row["Verdict"], row["Remaining"], row["ResentRecords"]) == ("Different", 1, 0)
    (row,) = repaired["BackupModules"]
    assert (row["Verdict"], row["Different"], row["Remaining"], row["ResentRecords"]) == ("Repaired", 1, 0, 1)
    lab.assert_in_step()


def test_live_writes_are_never_taken_for_differences(lab: RunningLab) -> None:
    with lab.load(P1, users=USERS) as load:
        for round_ in range(ROUNDS):
            found = over(lab, begun(lab.client(P1), "PresenceFocus"))
            assert (found["Clean"], found["Differences"]) == (True, []), f"round {round_}"
            assert found["BackupModules"][0]["ComparedRecords"] >= 12 * USERS
        assert load.loaded.changes


def test_a_verification_goes_on_when_the_active_front_end_is_killed(lab: RunningLab) -> None:
    lab.await_final()
    former = lab.active(P1)
    client = lab.at(lab.other(P1, former))
    asked = begun(client, "All")

    lab.lab.kill(former)

    done = over(lab, asked)
    assert done["Clean"], done
    lab.lab.start(former)
