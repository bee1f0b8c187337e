"""What a front end says to those who look for what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from twinpool.stores.sqlite import SqliteStore
from twinpool_services.frontend.watched_commits import WatchedCommits

RECORDS = "/v1/homes/pool1.lab/modules/PresenceFocus/records"
TRACE = "/v1/homes/pool1.lab/modules/PresenceFocus/trace"


@pytest.fixture(scope="module")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    folder = tmp_path_factory.mktemp("front-end")
    store = SqliteStore(folder / "pool1.lab.db", POOL1)
    with front_end_on(store, deployment_in(folder)) as running:
        context = running.context
        opened = context.opened
        # As the process puts it together.
        context.open(
            type(opened)(
                store=opened.store,
                commits=WatchedCommits(opened.commits, context.telemetry),
                content=opened.content,
                configurations=opened.configurations,
                backup=opened.backup,
            )
        )
        yield running
    store.close()


def test_a_write_is_found_in_memory_and_in_the_log(front_end: FrontEndInTest) -> None:
    position = front_end.client.put(f"{RECORDS}/alice@lab/contacts/bob", content=b"friend").json()["Position"]

    told = front_end.client.get(TRACE, params={"owner": "alice@lab", "key": "contacts/bob"}).json()

    assert {each["KnownBy"] for each in told["Changes"]} == {"memory", "log"}
    assert {each["Position"] for each in told["Changes"]} == {position}
    assert told["Size"] == len(b"friend")
    assert told["ServingPool"] == "pool1.lab"
    assert (told["Sent"], told["Applied"], told["Orphans"]) == ([], [], [])


def test_a_record_that_nobody_wrote_has_no_way(front_end: FrontEndInTest) -> None:
    told = front_end.client.get(TRACE, params={"owner": "alice@lab", "key": "nothing"}).json()

    assert (told["Changes"], told["Fingerprint"]) == ([], None)


def test_a_key_that_no_record_can_have_is_refused(front_end: FrontEndInTest) -> None:
    answer = front_end.client.get(TRACE, params={"owner": "alice@lab", "key": ""})

    assert answer.status_code == 422


def test_how_replication_stands_is_told_of_each_route_and_stream(front_end: FrontEndInTest) -> None:
    front_end.client.put(f"{RECORDS}/alice@lab/contacts/carol", content=b"friend")

    told = front_end.client.get("/v1/pools/pool1.lab/replication-facts").json()

    assert (told["Store"], told["Active"], told["LeaseHolder"], told["Link"]["State"]) == ("open", False, None, "idle")
    presence = next(
        each
        for each in told["Routes"]
        if (each["Home"], each["BackupModule"]) == ("pool1.lab", "UserServices.PresenceFocus")
    )
    assert presence["PendingChanges"] == presence["HeadPosition"] > 0
    assert (presence["Destination"], presence["Live"]) == ("pool2.lab", None)
    assert {each["Home"] for each in told["Streams"]} == {"pool2.lab"}


def test_a_front_end_says_how_its_store_and_machine_are_set_up(front_end: FrontEndInTest) -> None:
    told = front_end.client.get("/v1/front-end/examination").json()

    store = told["Store"]
    assert store["Settings"] == {"journal_mode": "wal", "synchronous": "full"}
    assert store["SchemaVersion"] == store["ExpectedSchemaVersion"]
    assert abs(store["At"] - told["At"]) < 30
    assert {each["Place"] for each in told["Disks"]} >= {"store"}


def test_a_store_that_cannot_be_opened_is_told_and_no_error(tmp_path: Path) -> None:
    with front_end_on(None, deployment_in(tmp_path)) as front_end:
        facts = front_end.client.get("/v1/pools/pool1.lab/replication-facts").json()
        examination = front_end.client.get("/v1/front-end/examination").json()

    assert "has not been opened" in facts["Store"]
    assert facts["Routes"] == []
    assert "has not been opened" in examination["StoreFailure"]
