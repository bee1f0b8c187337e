"""A pool takes writes for a home only while it serves it (guarantee 4); reads work at both."""

from __future__ import annotations

import pytest

from tests.labs import P1, P2, RunningLab

pytestmark = pytest.mark.rabbitmq

RECORD = f"/v1/homes/{P1}/modules/PresenceFocus/records/alice@lab/contacts/bob"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", RECORD, b"enemy"),
        ("DELETE", RECORD, b""),
        ("PUT", f"/v1/homes/{P1}/conferences/weekly/files/agenda.txt", b"1. nothing"),
        ("PUT", "/v1/cms/documents/policy/Global", b"{}"),
    ],
    ids=["put", "delete", "upload", "cms-document"],
)
def test_a_write_to_a_pool_that_does_not_serve_the_home_is_sent_to_the_one_that_does(
    lab: RunningLab, method: str, path: str, body: bytes
) -> None:
    lab.put(P1, "contacts/bob", b"friend")
    serving = [front_end.address for front_end in lab.pool(P1).front_ends]
    for name in lab.names(P2):
        headers = {"Content-Type": "application/json"} if "cms" in path else {}
        refused = lab.at(name).request(method, path, content=body, headers=headers)

        assert refused.status_code == 421
        problem = refused.json()
        assert (problem["serving_pool"], problem["serving_addresses"]) == (P1, serving)
    lab.assert_in_step()
    assert lab.client(P1).get(RECORD).content == b"friend"


def test_both_pools_answer_reads_and_say_who_serves(lab: RunningLab) -> None:
    lab.put(P1, "contacts/bob", b"friend")
    lab.await_final()

    for pool in (P1, P2):
        answer = lab.client(pool).get(RECORD)
        assert (answer.content, answer.headers["Twinpool-Served-By"]) == (b"friend", P1)
