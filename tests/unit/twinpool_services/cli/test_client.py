import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.unit.twinpool_services.cli.answering import (
    PAIR,
    Answer,
    Asked,
    FrontEndDouble,
    deployment_text,
    front_end,
    problem,
)
from twinpool.errors import (
    HomeNotServed,
    InvalidParameter,
    NotFound,
    PoolUnreachable,
    Refused,
    StoreUnavailable,
    TwinpoolError,
)
from twinpool.options import load_deployment
from twinpool_services.cli.client import Client

DOCUMENT = {"PoolFqdn": "pool1.lab", "BackupPoolFqdn": "pool2.lab"}

Open = Callable[..., Client]


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port on which nobody listens, kept from others by being bound."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as unwinding:

        def open_client(**ports: list[int]) -> Client:
            path = tmp_path / "twinpool.toml"
            pools = {f"{name}.lab": own for name, own in ports.items()}
            pairs = "" if len(pools) == 1 else PAIR
            path.write_text(deployment_text(pools, pairs), encoding="utf-8")
            return unwinding.enter_context(Client(load_deployment(path, {}), httpx.Timeout(5.0)))

        yield open_client


@pytest.fixture
def answering() -> Iterator[Callable[[Answer], FrontEndDouble]]:
    with ExitStack() as unwinding:
        yield lambda answer: unwinding.enter_context(front_end(lambda _: answer))


Answering = Callable[[Answer], FrontEndDouble]


def test_each_question_goes_to_its_own_address(opened: Open, answering: Answering) -> None:
    double = answering((200, DOCUMENT))
    client = opened(pool1=[double.port])
    client.backup_status("POOL1.lab", category="CMS", module="All")
    client.backup_relationship("pool1.lab")
    client.configuration(local_store=False)
    client.change_configuration({"SyncInterval": "00:03:00"})
    client.request_sync("pool1.lab", module="ConfServices.DataConf", full=True)
    assert double.asked == [
        Asked("GET", "/v1/pools/pool1.lab/backup-status?category=CMS&module=All", None),
        Asked("GET", "/v1/pools/pool1.lab/backup-relationship", None),
        Asked("GET", "/v1/backup-configuration", None),
        Asked("PATCH", "/v1/backup-configuration", {"SyncInterval": "00:03:00"}),
        Asked("POST", "/v1/pools/pool1.lab/sync", {"BackupModule": "ConfServices.DataConf", "Full": True}),
    ]


def test_a_front_end_that_is_down_is_passed_over(opened: Open, answering: Answering, dead_port: int) -> None:
    double = answering((200, DOCUMENT))
    assert opened(pool1=[dead_port, double.port]).backup_relationship("pool1.lab") == DOCUMENT


def test_a_front_end_whose_store_does_not_answer_is_passed_over(opened: Open, answering: Answering) -> None:
    sick = answering(problem(503, "store-unavailable", "disk full"))
    well = answering((200, DOCUMENT))
    assert opened(pool1=[sick.port, well.port]).backup_relationship("pool1.lab") == DOCUMENT
    assert len(sick.asked) == 1


def test_if_no_other_answers_the_word_of_the_sick_one_is_told(
    opened: Open, answering: Answering, dead_port: int
) -> None:
    sick = answering(problem(503, "store-unavailable", "disk full", hint="Make room."))
    with pytest.raises(StoreUnavailable, match="disk full") as told:
        opened(pool1=[sick.port, dead_port]).backup_relationship("pool1.lab")
    assert told.value.hint == "Make room."


def test_a_pool_that_is_down_is_unreachable_and_each_front_end_is_named(opened: Open, dead_port: int) -> None:
    with pytest.raises(PoolUnreachable, match=rf"fe1\.pool1\.lab at http://127.0.0.1:{dead_port}: Connection refused"):
        opened(pool1=[dead_port]).backup_status("pool1.lab", category="All", module="All")


def test_the_partner_knows_the_relationship_as_well(opened: Open, answering: Answering, dead_port: int) -> None:
    double = answering((200, DOCUMENT))
    client = opened(pool1=[dead_port], pool2=[double.port])
    assert client.backup_relationship("pool1.lab") == DOCUMENT
    assert client.configuration(local_store=True) == DOCUMENT
    with pytest.raises(PoolUnreachable):
        client.configuration(local_store=False)


def test_the_status_of_a_pool_is_asked_of_that_pool_alone(opened: Open, answering: Answering, dead_port: int) -> None:
    double = answering((200, DOCUMENT))
    with pytest.raises(PoolUnreachable):
        opened(pool1=[dead_port], pool2=[double.port]).backup_status("pool1.lab", category="All", module="All")
    assert double.asked == []


def test_who_serves_the_home_is_followed(opened: Open, answering: Answering) -> None:
    former = answering(problem(421, "home-not-served", "pool2.lab serves it", serving_pool="pool2.lab"))
    serving = answering((200, {"Window": 9}))
    client = opened(pool1=[former.port], pool2=[serving.port])
    assert client.change_configuration({"Window": 9}) == {"Window": 9}
    assert serving.asked == [Asked("PATCH", "/v1/backup-configuration", {"Window": 9})]


def test_what_is_asked_of_a_pool_by_name_is_not_carried_to_another(opened: Open, answering: Answering) -> None:
    asked = answering(problem(421, "home-not-served", "cms is served by pool1.lab", serving_pool="pool1.lab"))
    other = answering((202, {}))
    client = opened(pool1=[other.port], pool2=[asked.port])
    with pytest.raises(HomeNotServed, match=r"cms is served by pool1\.lab"):
        client.request_sync("pool2.lab", module="CentralMgmt.CMSMaster", full=False)
    assert other.asked == []


def test_two_pools_that_name_each_other_are_not_followed_for_ever(opened: Open, answering: Answering) -> None:
    one = answering(problem(421, "home-not-served", "pool2.lab serves it", serving_pool="pool2.lab"))
    two = answering(problem(421, "home-not-served", "pool1.lab serves it", serving_pool="pool1.lab"))
    with pytest.raises(HomeNotServed, match=r"pool1\.lab serves it"):
        opened(pool1=[one.port], pool2=[two.port]).change_configuration({"Window": 9})
    assert (len(one.asked), len(two.asked)) == (1, 1)


def test_a_serving_pool_that_nobody_knows_is_no_address(opened: Open, answering: Answering) -> None:
    double = answering(problem(421, "home-not-served", "elsewhere", serving_pool="evil.example"))
    with pytest.raises(NotFound, match=r"evil\.example"):
        opened(pool1=[double.port]).change_configuration({"Window": 9})


def test_whoever_else_listens_there_is_no_front_end(opened: Open, answering: Answering) -> None:
    for answer in [(200, b"<html>"), (500, b""), (200, [1]), (200, b"\xff")]:
        with pytest.raises(PoolUnreachable, match="no front end"):
            opened(pool1=[answering(answer).port]).backup_relationship("pool1.lab")


@pytest.mark.parametrize(
    ("answer", "kind", "field"),
    [
        (problem(422, "invalid-parameter", "out of range", field="SyncInterval"), InvalidParameter, "SyncInterval"),
        ((422, {"title": "Unprocessable", "detail": "no", "field": "x"}), InvalidParameter, "x"),
        (problem(404, "not-found", "no such module"), NotFound, None),
        ((404, {"detail": "Not Found"}), NotFound, None),
        (problem(409, "lease-taken", "fe1 holds the lease"), Refused, None),
        (problem(403, "not-authorized", "no member"), Refused, None),
        (problem(421, "home-not-served", "by nobody"), Refused, None),
        (problem(500, "import-failed", "broken"), TwinpoolError, None),
        ((500, {"type": "urn:twinpool:problem:annotations", "detail": "a trap"}), TwinpoolError, None),
        ((500, {"type": 7, "detail": None, "hint": []}), TwinpoolError, None),
    ],
)
def test_a_problem_document_becomes_our_error_again(
    opened: Open, answering: Answering, answer: Answer, kind: type[TwinpoolError], field: str | None
) -> None:
    with pytest.raises(kind) as told:
        opened(pool1=[answering(answer).port]).backup_relationship("pool1.lab")
    assert getattr(told.value, "field", None) == field
    assert str(told.value)


def test_a_pool_that_is_not_in_the_file_is_not_asked_for(opened: Open, dead_port: int) -> None:
    with pytest.raises(NotFound):
        opened(pool1=[dead_port]).backup_status("pool9.lab", category="All", module="All")


def test_a_proxy_of_the_environment_is_not_used(
    opened: Open, answering: Answering, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{dead_port}")
    assert opened(pool1=[answering((200, DOCUMENT)).port]).backup_relationship("pool1.lab") == DOCUMENT
