"""Another pool is asked front end by front end, and speaks for itself."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.unit.twinpool_services.cli.answering import Answer, FrontEndDouble, Rule, front_end, problem
from twinpool.errors import InvalidRecord, PoolUnreachable, Refused, TwinpoolError
from twinpool_services.frontend.pool_calls import PoolCalls

NOBODY = "http://127.0.0.1:1"


@contextmanager
def calls_to(rule: Rule, *more: str) -> Iterator[tuple[PoolCalls, FrontEndDouble]]:
    with (
        front_end(rule) as double,
        closing(PoolCalls("pool2.lab", [*more, f"http://127.0.0.1:{double.port}"])) as calls,
    ):
        yield calls, double


def test_the_next_front_end_is_asked_when_one_is_silent() -> None:
    with calls_to(lambda _: (200, {"Position": 1}), NOBODY) as (calls, double):
        assert calls.post(["v1", "a b", "ü/?"], {"x": 1}) == {"Position": 1}

    assert [(each.target, each.body) for each in double.asked] == [("/v1/a%20b/%C3%BC%2F%3F", {"x": 1})]


@pytest.mark.parametrize("status", [503, 429, 421])
def test_what_may_be_otherwise_in_a_moment_is_to_be_tried_again(status: int) -> None:
    with (
        calls_to(lambda _: problem(status, "any", "not just now"), NOBODY) as (calls, _),
        pytest.raises(PoolUnreachable, match=r"pool2\.lab, which serves the home.*127\.0\.0\.1:1.*not just now"),
    ):
        calls.post(["v1"], {})


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (problem(422, "invalid-record", "value is no entry", hint="look"), InvalidRecord, "value is no entry"),
        (problem(413, "too-large", "much"), InvalidRecord, "much"),
        (problem(404, "not-found", "no such module"), Refused, "no such module"),
        ((500, b"<html>"), Refused, "HTTP status 500"),
        ((400, ["x"]), Refused, "HTTP status 400"),
    ],
)
def test_a_refusal_is_raised_in_the_other_pools_words(answer: Answer, kind: type[TwinpoolError], said: str) -> None:
    with calls_to(lambda _: answer) as (calls, _), pytest.raises(kind, match=said) as raised:
        calls.post(["v1"], {})

    if "hint" in str(answer):
        assert raised.value.hint == "look"


def test_what_is_not_there_is_not_granted() -> None:
    with calls_to(lambda asked: (200, {}) if asked.target == "/held" else problem(404, "not-found", "no")) as (
        calls,
        _,
    ):
        assert calls.is_granted(["held"])
        assert not calls.is_granted(["elsewhere"])


def test_a_file_is_sent_whole_to_the_next_front_end() -> None:
    with (
        front_end(lambda _: problem(503, "any", "not now")) as first,
        front_end(lambda _: (200, {})) as second,
        closing(PoolCalls("pool2.lab", [f"http://127.0.0.1:{each.port}" for each in (first, second)])) as calls,
    ):
        calls.put(["content"], io.BytesIO(b'{"file": 1}'))

    assert second.asked[0].body == {"file": 1}


def test_a_pool_without_addresses_cannot_be_asked() -> None:
    with closing(PoolCalls("pool9.lab", [])) as calls, pytest.raises(PoolUnreachable, match="no address"):
        calls.post(["v1"], {})
