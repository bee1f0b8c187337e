"""The class of an error decides what a client is told to do."""

from __future__ import annotations

import json

import pytest

from twinpool.errors import (
    BrokerUnreachable,
    ContentMissing,
    HomeNotServed,
    HomeReadOnly,
    ImportFailed,
    InvalidParameter,
    LeaseLost,
    NameTaken,
    NotFound,
    StoreUnavailable,
    TooLarge,
    TwinpoolError,
)
from twinpool_services.frontend.problems import Problem, plain_problem, problem_of


def addresses_of(pool: str) -> list[str]:
    return [f"http://{pool}:{port}" for port in (1, 2)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HomeNotServed("pool1.lab", "pool2.lab"), 421),
        (HomeReadOnly("pool1.lab"), 503),
        (StoreUnavailable("disk full"), 503),
        (BrokerUnreachable("gone"), 503),
        (LeaseLost("overtaken"), 503),
        (ContentMissing("gone"), 503),
        (NotFound("nothing"), 404),
        (InvalidParameter("wrong", field="SyncInterval"), 422),
        (TooLarge("much"), 413),
        (NameTaken("twice"), 409),
        (ImportFailed("cannot"), 500),
    ],
)
def test_each_error_has_its_status(error: TwinpoolError, status: int) -> None:
    assert problem_of(error, addresses_of).status == status


def test_a_home_served_elsewhere_names_the_pool_and_its_front_ends() -> None:
    document = problem_of(HomeNotServed("pool1.lab", "pool2.lab"), addresses_of).document()

    assert document["type"] == "urn:twinpool:problem:home-not-served"
    assert document["serving_pool"] == "pool2.lab"
    assert document["serving_addresses"] == ["http://pool2.lab:1", "http://pool2.lab:2"]


def test_what_may_be_tried_again_says_when() -> None:
    assert problem_of(HomeReadOnly("pool1.lab"), addresses_of).headers() == {"Retry-After": "1"}
    assert problem_of(NotFound("nothing"), addresses_of).headers() == {}


def test_wrong_input_names_the_field() -> None:
    document = problem_of(InvalidParameter("too short", field="SyncInterval"), addresses_of).document()

    assert document["field"] == "SyncInterval"
    assert document["detail"] == "too short"


def test_members_that_say_nothing_are_left_out() -> None:
    assert plain_problem(404, "nothing here").document() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "nothing here",
    }


def test_a_name_that_is_no_text_can_still_be_said() -> None:
    problem = Problem(status=422, title="Invalid", detail="owner '\ud800' is wrong")

    assert json.loads(problem.body())["detail"] == "owner '\ud800' is wrong"
