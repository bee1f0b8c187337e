"""A pool that has lost its store is filled by a snapshot, whatever happens meanwhile (guarantee 2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs import CONTACTS, P1, P2, RunningLab, running_lab
from twinpool.vocabulary.deployment import Pool
from twinpool_services.lab.demo.loading import load_users

pytestmark = pytest.mark.rabbitmq

USERS = 1_500  #: twelve records each


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair whose pieces of a snapshot are small, so that there are many."""
    with running_lab(request, lease_duration="00:00:02") as running:
        running.configure(MaxChangesPerBatch=40)
        load_users(running.target(P1), range(USERS), USERS, lambda _count: None)
        yield running


def file_of(pool: Pool) -> Path:
    return Path(pool.store.removeprefix("sqlite:///"))


def lose_store(pool: Pool) -> None:
    """Delete the files of a SQLite store."""
    file = file_of(pool)
    for path in file.parent.glob(f"{file.name}*"):
        if path.is_file():
            path.unlink()


def test_a_lost_store_is_filled_by_snapshot_while_writes_go_on_and_the_exporter_dies(lab: RunningLab) -> None:
    lab.await_final()
    names = lab.names(P2)
    for name in names:
        lab.lab.kill(name)
    lose_store(lab.pool(P2))
    former = lab.active(P1)

    with lab.load(P1, users=USERS) as load:
        for name in names:
            lab.lab.process(name).start()  # without waiting: a snapshot begins at once
        lab.eventually(lambda: file_of(lab.pool(P2)).exists(), "there is a store again")
        with lab.store(P2) as store:
            lab.eventually(lambda: store.import_progress(CONTACTS).staging, "a snapshot is under way")
            lab.lab.kill(former)
            assert store.import_progress(CONTACTS).cursor is None, "it was killed in the middle of it"
            assert not store.record_count(CONTACTS), "nothing of it is seen before it is whole"
        lab.more(load)
        lab.active_others(P1, former, 15)
        lab.await_progress(P1)
        lab.more(load)

    lab.assert_in_step()
    lab.lab.start(former)


def test_what_the_partner_holds_is_not_overwritten_by_a_pool_that_has_lost_its_own(lab: RunningLab) -> None:
    """A store that went back in time is an error that an operator decides, not a reason to delete the last copy."""
    lab.put(P2, "contacts/last-copy", b"precious")
    for _ in range(3):  # The new store will know nothing of these generations.
        former = lab.active(P2)
        lab.lab.stop(former)
        lab.active_others(P2, former, 15)
        lab.start(former)
    lab.await_final()
    for name in lab.names(P2):
        lab.lab.kill(name)
    lose_store(lab.pool(P2))
    lab.start(*lab.names(P2))

    lab.eventually(lambda: "ahead of our log" in lab.module(P2)["Reason"], "pool2 says that it stands behind")
    assert lab.module(P2)["ExportStatus"] == "ErrorState"
    kept = lab.client(P1).get(f"/v1/homes/{P2}/modules/PresenceFocus/records/alice@lab/contacts/last-copy")
    assert kept.content == b"precious"
    # What pool1 has heard last was true of the store that is lost; whatever it sends next is answered by the new one.
    lab.put(P1, "contacts/bob", b"friend")
    lab.upload(P1, "agenda.txt", [b"1. what was lost"])
    lab.client(P1).put("/v1/cms/documents/policy/Global", json={}).raise_for_status()
    lab.await_final(P1)
    lab.assert_equal(homes=[P1])
